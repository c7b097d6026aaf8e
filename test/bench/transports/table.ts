import { HEARTBEAT_MS } from "./way.ts";
import type { Figures, Results, WayResults } from "./results.ts";
import { MESSAGE_BYTES } from "./message.ts";
import { BURST, type Direction, DIRECTIONS, ROUND_TRIP_MS, type WorkloadName } from "./workloads.ts";

/** The titles of the two directions. */
export const TITLES: Readonly<Record<Direction, string>> = { down: "Server to client", up: "Client to server" };

const count = (value: number) => Math.round(value).toLocaleString("en-GB");
const ms = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0));

/** What a reader wants to know first. */
export function summary(results: Results): string {
  const head = [
    "",
    "Bytes a message, down",
    "Bytes a message, up",
    "Requests a message, down",
    "Requests a message, up",
    "p99 down, ms",
    "p99 up, ms",
    `Bytes, idle ${results.plan.idleSec} s`,
  ];
  const rows = results.ways.map(({ name, courses: { far }, idle }) => [
    name,
    ...DIRECTIONS.map((direction) => count(bytesOf(far[direction]))),
    ...DIRECTIONS.map((direction) => far[direction].requests.toFixed(2)),
    ...DIRECTIONS.map((direction) => ms(far[direction].p99Ms)),
    count(idle.bytesUp + idle.bytesDown),
  ]);
  return `${table(head, rows)}\n\n${summaryNote(results)}`;
}

function summaryNote(results: Results): string {
  const { perSec } = results.plan;
  return `"Down" and "up" are what a message from the server to the client and one from the client to the server cost, in bytes of both
directions together, at ${perSec} messages a second over a round trip of ${ROUND_TRIP_MS} ms. ${madeBy(results)}`;
}

/** All of it. */
export function tables(results: Results): string {
  return [
    `${madeBy(results)} ${conditions(results)}`,
    ...part(results, "steady", "One by one, on the loopback"),
    ...part(results, "far", `One by one, ${ROUND_TRIP_MS} ms there and back`),
    ...part(results, "bursts", `${BURST} at once, ${ROUND_TRIP_MS} ms there and back`),
    `### Connecting, and ${results.plan.idleSec} s without messages`,
    idleTable(results.ways),
  ].join("\n\n");
}

/** The command, the versions and the date, without which no figure says anything. */
export function madeBy({ command, date, environment, plan }: Results): string {
  const versions = Object.entries(environment).map(([name, version]) => `${name} ${version}`);
  const rounds = plan.rounds === 1 ? "one round" : `${plan.rounds} rounds`;
  return `Made by \`${command}\` on ${date.slice(0, 10)} in ${rounds}; ${versions.join(", ")}.`;
}

function conditions({ plan, ways }: Results): string {
  const late = ways.flatMap(({ courses }) =>
    Object.values(courses).flatMap((course) => DIRECTIONS.map((direction) => course[direction].lateP99Ms)),
  );
  return `${count(plan.messages)} messages of ${MESSAGE_BYTES} bytes in each direction, ${plan.perSec} a second on average, at random times (seed ${plan.seed});
request headers: ${plan.headers}. All messages came, each once. Senders were late by ${ms(Math.max(...late))} ms at most (p99).`;
}

function part({ ways }: Results, workload: WorkloadName, title: string): string[] {
  return DIRECTIONS.flatMap((direction) => [
    `### ${TITLES[direction]}: ${lowerFirst(title)}`,
    table(
      [
        "",
        "Requests",
        "TCP connections",
        "Bytes up",
        "of it headers",
        "Bytes down",
        "Sum",
        "p50 ms",
        "p99 ms",
        "Overtaken",
      ],
      ways.map(({ name, courses }) => [name, ...cellsOf(courses[workload][direction])]),
    ),
  ]);
}

function cellsOf(figures: Figures): string[] {
  return [
    figures.requests.toFixed(2),
    count(figures.connections),
    count(figures.bytesUp),
    count(figures.headerBytesUp),
    count(figures.bytesDown),
    count(bytesOf(figures)),
    ms(figures.p50Ms),
    ms(figures.p99Ms),
    count(figures.overtaken),
  ];
}

function idleTable(ways: readonly WayResults[]): string {
  const head = [
    "",
    "Connecting: requests",
    "bytes up",
    "bytes down",
    "Idle: requests",
    "TCP connections",
    "bytes up",
    "bytes down",
  ];
  const rows = ways.map(({ name, connecting, idle }) => {
    const begun = [connecting.requests, connecting.bytesUp, connecting.bytesDown];
    return [name, ...[...begun, idle.requests, idle.connections, idle.bytesUp, idle.bytesDown].map(count)];
  });
  return `${table(head, rows)}\n\nHeartbeats are ${HEARTBEAT_MS / 1_000} s apart, except that short polling needs none.`;
}

/** Of both directions. */
export const bytesOf = ({ bytesUp, bytesDown }: Pick<Figures, "bytesUp" | "bytesDown">) => bytesUp + bytesDown;

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

/** Names to the left, figures to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map((_, index) => (index === 0 ? ":--" : "--:"))), ...rows.map(line)].join("\n");
}
