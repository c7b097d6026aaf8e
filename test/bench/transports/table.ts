import { type Figures, MAX_LATE_MS, type Results, type WayResults } from "./results.ts";
import { MESSAGE_BYTES } from "./message.ts";
import { HEARTBEAT_MS, type Way } from "./way.ts";
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
    "p50 / p99 down, ms",
    "p50 / p99 up, ms",
    `Bytes, idle ${results.plan.idleSec} s`,
  ];
  const rows = results.ways.map(({ name, courses: { far }, idle }) => [
    name,
    ...DIRECTIONS.map((direction) => count(bytesOf(far[direction]))),
    ...DIRECTIONS.map((direction) => far[direction].requests.toFixed(2)),
    ...DIRECTIONS.map((direction) => `${ms(far[direction].p50Ms)} / ${ms(far[direction].p99Ms)}`),
    count(idle.bytesUp + idle.bytesDown),
  ]);
  return `${table(head, rows)}\n\n${summaryNote(results)}`;
}

function summaryNote(results: Results): string {
  const { perSec } = results.plan;
  return `"Down" and "up" are what a message from the server to the client and one from the client to the server cost, in bytes of both
directions together, at ${perSec} messages a second over a round trip of ${ROUND_TRIP_MS} ms. ${madeBy(results)}`;
}

/** What the first of two ways costs more than the second. */
export function comparison(results: Results, one: Way, other: Way): string {
  const [left, right] = [one, other].map(({ name }) => results.ways.find((way) => way.name === name));
  if (!left || !right) throw new Error("Only what was measured can be compared.");
  const rows = COMPARED.map(([what, figure]) => {
    const [much, little] = [figure(left), figure(right)];
    return [what, figureOf(much), figureOf(little), little === 0 ? "" : `${figureOf(much / little)} ×`];
  });
  return `${table(["", left.name, right.name, ""], rows)}\n\n${madeBy(results)}`;
}

const COMPARED: readonly (readonly [what: string, figure: (way: WayResults) => number])[] = [
  ["Requests to connect", ({ connecting }) => connecting.requests],
  ["Bytes to connect", ({ connecting }) => bytesOf(connecting)],
  ["Bytes for a message to the client", ({ courses }) => bytesOf(courses.far.down)],
  ["Bytes for a message to the server", ({ courses }) => bytesOf(courses.far.up)],
  ["Requests for a message to the client", ({ courses }) => courses.far.down.requests],
  ["Requests for a message to the server", ({ courses }) => courses.far.up.requests],
  ["p50 to the client, ms", ({ courses }) => courses.far.down.p50Ms],
  ["p99 to the client, ms", ({ courses }) => courses.far.down.p99Ms],
  ["p50 to the server, ms", ({ courses }) => courses.far.up.p50Ms],
  ["p99 to the server, ms", ({ courses }) => courses.far.up.p99Ms],
  ["Bytes without messages", ({ idle }) => bytesOf(idle)],
  ["Requests without messages", ({ idle }) => idle.requests],
];

/** Whole ones as they are, shares of one with two digits. */
const figureOf = (value: number) =>
  Number.isInteger(value) || value >= 10 ? count(value) : value.toFixed(value < 2 ? 2 : 1);

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
function madeBy(results: Results): string {
  const { command, date, environment, plan } = results;
  const versions = Object.entries(environment).map(([name, version]) => `${name} ${version}`);
  const rounds = plan.rounds === 1 ? "one round" : `${plan.rounds} rounds`;
  return `Made by \`${command}\` on ${date.slice(0, 10)} in ${rounds}; ${versions.join(", ")}.${reservation(results)}`;
}

function conditions(results: Results): string {
  const { messages, perSec, seed, headers } = results.plan;
  return `${count(messages)} messages of ${MESSAGE_BYTES} bytes in each direction, ${perSec} a second on average, at random times (seed ${seed});
request headers: ${headers}. All messages came, each once. Senders were late by ${ms(latestMs(results))} ms at most (p99).`;
}

const latestMs = ({ ways }: Results) =>
  Math.max(
    ...ways.flatMap(({ courses }) => Object.values(courses).flatMap(({ down, up }) => [down.lateP99Ms, up.lateP99Ms])),
  );

/** Said beside latencies that are not worth much; nothing otherwise. */
function reservation(results: Results): string {
  if (latestMs(results) <= MAX_LATE_MS) return "";
  return ` **The machine was busy with something else meanwhile: p99 is that of the machine here.**`;
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
