import { bytes, count, duration, percent, tenths } from "./format.ts";
import type { Worker } from "./series.ts";

export interface Row {
  readonly host: string;
  readonly worker: Worker;
}

interface Column<Id extends string> {
  readonly id: Id;
  /** In the table's head; below the title of its group, where it is in one. */
  readonly title: string;
  /** By itself. */
  readonly name: string;
  readonly isText?: true;
  readonly value: (row: Row) => number | string;
  readonly show: (row: Row) => string;
}

const text = <const Id extends string>(id: Id, title: string, value: (row: Row) => string): Column<Id> => ({
  id,
  title,
  name: title,
  isText: true,
  value,
  show: value,
});

const number = <const Id extends string>(
  id: Id,
  [title, name]: readonly [title: string, name: string],
  value: (worker: Worker) => number,
  format: (value: number) => string = count,
): Column<Id> => ({
  id,
  title,
  name,
  value: ({ worker }) => value(worker),
  show: ({ worker }) => format(value(worker)),
});

const BASIC = [
  text("host", "Host", ({ host }) => host),
  text("worker", "Worker", ({ worker }) => worker.id),
  number("pid", ["PID", "PID"], ({ pid }) => pid, String),
  number("uptime", ["Uptime", "Uptime"], ({ uptimeSec }) => uptimeSec, duration),
  number("cpu", ["CPU", "CPU"], ({ cpuPercent }) => cpuPercent, percent),
  number("rss", ["RSS", "RSS, resident memory"], ({ rssBytes }) => rssBytes, bytes),
  number("heap", ["Heap", "Heap"], ({ heapUsedBytes }) => heapUsedBytes, bytes),
] as const;

const LAG = [
  number("lagP50", ["p50", "Event-loop lag, p50"], ({ eventLoopLagMs }) => eventLoopLagMs.p50, tenths),
  number("lagP99", ["p99", "Event-loop lag, p99"], ({ eventLoopLagMs }) => eventLoopLagMs.p99, tenths),
  number("lagMax", ["max", "Event-loop lag, max"], ({ eventLoopLagMs }) => eventLoopLagMs.max, tenths),
] as const;

const SOCKETS = [
  number("chat", ["chat", "Sockets of chat"], ({ sockets }) => sockets.chat),
  number("notify", ["notify", "Sockets of notify"], ({ sockets }) => sockets.notify),
  number("monitor", ["monitor", "Sockets of monitor"], ({ sockets }) => sockets.monitor),
] as const;

const LOAD = [number("rooms", ["Rooms", "Rooms"], ({ rooms }) => rooms)] as const;

const EVENTS = [
  number("in", ["in", "Events in per second"], ({ eventsPerSec }) => eventsPerSec.in, tenths),
  number("out", ["out", "Events out per second"], ({ eventsPerSec }) => eventsPerSec.out, tenths),
] as const;

export const COLUMNS = [...BASIC, ...LAG, ...SOCKETS, ...LOAD, ...EVENTS] as const;

/** What stands above the columns. */
export const GROUPS: readonly { readonly title: string; readonly span: number }[] = [
  { title: "", span: BASIC.length },
  { title: "Event-loop lag, ms", span: LAG.length },
  { title: "Sockets", span: SOCKETS.length },
  { title: "", span: LOAD.length },
  { title: "Events per second", span: EVENTS.length },
];

export interface Order {
  readonly column: (typeof COLUMNS)[number]["id"];
  readonly descending: boolean;
}

const names = new Intl.Collator(undefined, { numeric: true });

/** The rows in this order; equal ones by host and worker, so that they keep their places. */
export function order(rows: readonly Row[], { column, descending }: Order): Row[] {
  const value = COLUMNS.find(({ id }) => id === column)?.value ?? (({ host }: Row) => host);
  const turn = descending ? -1 : 1;
  return rows.toSorted((a, b) => turn * compare(value(a), value(b)) || byName(a, b));
}

function compare(a: number | string, b: number | string): number {
  return typeof a === "number" && typeof b === "number" ? a - b : names.compare(String(a), String(b));
}

function byName(a: Row, b: Row): number {
  return names.compare(a.host, b.host) || names.compare(a.worker.id, b.worker.id);
}
