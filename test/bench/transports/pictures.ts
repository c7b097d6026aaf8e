import { logBars, ranges, type Range, sheet, stackedBars } from "./chart.ts";
import type { Figures, Results } from "./results.ts";
import { bytesOf, TITLES } from "./table.ts";
import { DIRECTIONS, ROUND_TRIP_MS } from "./workloads.ts";

/** By the names of their files. */
export function pictures(results: Results): Readonly<Record<string, string>> {
  return {
    "bytes.svg": bytesPicture(results),
    "requests.svg": requestsPicture(results),
    "latency.svg": latencyPicture(results),
    "idle.svg": idlePicture(results),
  };
}

const whole = (value: number) => Math.round(value).toLocaleString("en-GB");

function bytesPicture(results: Results): string {
  const title = "bytes on the wire for each message";
  const panels = stackedBars(
    stacksOf(results, title, (figures) => [bytesOf(figures) - figures.headerBytesUp, figures.headerBytesUp]),
    whole,
  );
  const legend = ["messages, framing and answers", "headers of requests"] as const;
  return sheet("Bytes on the wire for each message", panels, legend, noteOf(results, paceOf(results)));
}

function requestsPicture(results: Results): string {
  const stacks = stacksOf(results, "HTTP requests for each message", ({ requests }) => [requests, 0]);
  const panels = stackedBars(stacks, (value) => value.toFixed(2));
  return sheet("HTTP requests for each message", panels, undefined, noteOf(results, paceOf(results)));
}

/** One panel for each direction. */
function stacksOf({ ways }: Results, title: string, parts: (figures: Figures) => readonly [number, number]) {
  const panels = DIRECTIONS.map((direction) => {
    const rows = ways.map(({ name, courses: { far } }) => ({ name, parts: parts(far[direction]) }));
    return [`${TITLES[direction]}: ${title}`, rows] as const;
  });
  return Object.fromEntries(panels);
}

function latencyPicture(results: Results): string {
  const spans = DIRECTIONS.map((direction) => {
    const rows = results.ways.map(({ name, courses: { far, steady } }) => {
      return { name, both: [rangeOf(far[direction]), rangeOf(steady[direction])] } as const;
    });
    return [`${TITLES[direction]}: latency in ms, from p50 (dot) to p99`, rows] as const;
  });
  const panels = ranges(Object.fromEntries(spans), String);
  const legend = [`${ROUND_TRIP_MS} ms there and back`, "on the loopback"] as const;
  return sheet(
    "Latency of messages",
    panels,
    legend,
    noteOf(results, `${results.plan.perSec} messages a second at random times`),
  );
}

function idlePicture(results: Results): string {
  const rows = results.ways.map(({ name, idle }) => ({ name, value: bytesOf(idle) }));
  const title = `Bytes on the wire in ${results.plan.idleSec} s without messages (logarithmic)`;
  return sheet("Bytes without messages", [logBars(title, rows, whole)], undefined, noteOf(results, "both directions"));
}

const rangeOf = ({ p50Ms, p99Ms }: Figures): Range => [p50Ms, p99Ms];

const paceOf = ({ plan }: Results) =>
  `${plan.perSec} messages a second, ${ROUND_TRIP_MS} ms there and back; both directions of the wire`;

function noteOf({ command, date, environment }: Results, what: string): string {
  const { Node, "socket.io": socketIo, ws } = environment;
  return `${what}\n${command} · ${date.slice(0, 10)} · Node ${Node} · socket.io ${socketIo} · ws ${ws}`;
}
