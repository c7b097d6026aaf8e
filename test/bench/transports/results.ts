import type { HeaderSetName } from "./headers.ts";
import type { Traffic } from "./traffic.ts";
import type { Course, Direction, WorkloadName } from "./workloads.ts";

/** What was asked for. */
export interface Plan {
  readonly messages: number;
  readonly perSec: number;
  readonly rounds: number;
  readonly idleSec: number;
  readonly seed: number;
  readonly headers: HeaderSetName;
}

/** What one direction of one workload cost by one way, over all rounds. */
export interface Figures {
  /** Each of these four for each message. */
  readonly requests: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly headerBytesUp: number;
  /** The most of any round. */
  readonly connections: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly missing: number;
  readonly doubled: number;
  readonly overtaken: number;
  /** How late messages were given on their way: where it is not far below the latencies, the machine was busy with something else. */
  readonly lateP99Ms: number;
}

export type ByWorkload = Readonly<Record<WorkloadName, Readonly<Record<Direction, Figures>>>>;

export interface WayResults {
  readonly name: string;
  readonly how: string;
  readonly courses: ByWorkload;
  readonly connecting: Traffic;
  readonly idle: Traffic;
}

export interface Results {
  readonly command: string;
  /** When it began, as ISO 8601 says it. */
  readonly date: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly plan: Plan;
  readonly ways: readonly WayResults[];
}

/** Puts rounds together. Percentiles are those of all their messages: to average percentiles would mean nothing. */
export function figuresOf(rounds: readonly Course[]): Figures {
  const latencies = rounds.flatMap(({ received }) => received.latencies);
  const sum = (of: (course: Course) => number) => rounds.reduce((total, course) => total + of(course), 0);
  const messages = sum(({ late }) => late.length);
  const perMessage = (of: (traffic: Traffic) => number) => sum(({ traffic }) => of(traffic)) / messages;
  return {
    requests: perMessage(({ requests }) => requests),
    bytesUp: perMessage(({ bytesUp }) => bytesUp),
    bytesDown: perMessage(({ bytesDown }) => bytesDown),
    headerBytesUp: perMessage(({ headerBytesUp }) => headerBytesUp),
    connections: Math.max(...rounds.map(({ traffic }) => traffic.connections)),
    p50Ms: percentile(latencies, 0.5) / 1e6,
    p99Ms: percentile(latencies, 0.99) / 1e6,
    maxMs: percentile(latencies, 1) / 1e6,
    missing: sum(({ received }) => received.missing),
    doubled: sum(({ received }) => received.doubled),
    overtaken: sum(({ received }) => received.overtaken),
    lateP99Ms:
      percentile(
        rounds.flatMap(({ late }) => late),
        0.99,
      ) / 1e6,
  };
}

/** A sender that is late by more than this shares its core with somebody else: latencies then tell of that. */
export const MAX_LATE_MS = 5;

/** Of nanoseconds. */
export const lateP99Ms = (late: readonly number[]) => percentile(late, 0.99) / 1e6;

/** The smallest value that so great a part of them does not exceed. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** @throws {Error} where anything was lost or came twice: what such a run cost does not count */
export function demandAll(way: string, { missing, doubled }: Figures): void {
  if (missing > 0 || doubled > 0) throw new Error(`${way}: ${missing} messages missing, ${doubled} doubled.`);
}
