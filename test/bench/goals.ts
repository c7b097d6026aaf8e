import type { Results } from "./report/results.ts";
import { byRound, ratios, type Spread, spreadOf } from "./report/summary.ts";
import * as figure from "./workloads/figures.ts";

/** A figure of a contender. */
interface Point {
  readonly contender: string;
  readonly figure: string;
}

export interface Goal {
  /** A short name, by which it is spoken of. */
  readonly id: string;
  readonly claim: string;
  readonly workload: string;
  readonly of: Point;
  /** What it is divided by; nothing where the figure itself has to do. */
  readonly against?: Point;
  readonly bound: "at most" | "at least";
  readonly limit: number;
}

export interface Verdict {
  readonly goal: Goal;
  /** Nothing where it was not measured. */
  readonly measured: Spread | undefined;
  readonly reached: boolean | undefined;
}

const of = (contender: string, name: string): Point => ({ contender, figure: name });

/** A figure of one contender in parts of another's same figure. */
const ratio = (name: string, contender: string, base: string) => ({
  of: of(contender, name),
  against: of(base, name),
});

/** CPU is that of all the server's processes and Redis. */
export const GOALS: readonly Goal[] = [
  {
    id: "G1",
    claim: "a delivery in a room of 1000, one message a turn: its CPU, in parts of stock Socket.IO's",
    workload: "fanout-steady",
    ...ratio(figure.CPU_PER_DELIVERY, "carillon", "stock"),
    bound: "at most",
    limit: 0.6,
  },
  {
    id: "G2",
    claim: "the same, in parts of uWebSockets.js topics'",
    workload: "fanout-steady",
    ...ratio(figure.CPU_PER_DELIVERY, "carillon", "uws"),
    bound: "at most",
    limit: 1.2,
  },
  {
    id: "G3",
    claim: "a delivery in bursts of 8 messages: its CPU, in parts of stock Socket.IO's",
    workload: "fanout-burst",
    ...ratio(figure.CPU_PER_DELIVERY, "carillon", "stock"),
    bound: "at most",
    limit: 0.25,
  },
  {
    id: "G4",
    claim: "writes per delivery, in bursts of 8",
    workload: "fanout-burst",
    of: of("carillon", figure.WRITES_PER_DELIVERY),
    bound: "at most",
    limit: 0.15,
  },
  {
    id: "G5",
    claim: "a delivery in rooms of 10: its CPU, in parts of stock Socket.IO's",
    workload: "rooms-of-10",
    ...ratio(figure.CPU_PER_DELIVERY, "carillon", "stock"),
    bound: "at most",
    limit: 0.95,
  },
  {
    id: "G6",
    claim: "an ack with token, rights, validation and rate limit: its CPU, in parts of a bare stock echo's",
    workload: "acks",
    ...ratio(figure.CPU_PER_ACK, "carillon", "stock"),
    bound: "at most",
    limit: 1,
  },
  {
    id: "G7",
    claim:
      "a message stored, acknowledged and sent to 100 on two workers: its CPU, in parts of a stock application's that stores it",
    workload: "send-stored",
    ...ratio(figure.CPU_PER_MESSAGE, "carillon-redis", "stock-stored"),
    bound: "at most",
    limit: 0.45,
  },
  {
    id: "G8",
    claim: "JSON operations of the whole cluster per such message (one parse and one stringify)",
    workload: "send-stored",
    of: of("carillon-redis", figure.JSON_PER_MESSAGE),
    bound: "at most",
    limit: 2,
  },
  {
    id: "G9",
    claim:
      "a message of rooms that are not on a worker: that worker's CPU in µs, what it takes when idle left out (0, within the clock's step)",
    workload: "absent-rooms",
    of: of("carillon-redis", figure.ABSENT_CPU_PER_MESSAGE),
    bound: "at most",
    limit: 1,
  },
  {
    id: "G10",
    claim: "one way from a worker to another at 100 messages/s: p50, in parts of a stock application's that stores it",
    workload: "cross-worker-100",
    ...ratio(figure.P50, "carillon-redis", "stock-stored"),
    bound: "at most",
    limit: 0.8,
  },
  {
    id: "G10",
    claim: "the same, p99",
    workload: "cross-worker-100",
    ...ratio(figure.P99, "carillon-redis", "stock-stored"),
    bound: "at most",
    limit: 0.7,
  },
  {
    id: "G10",
    claim: "one way at 1000 messages/s: p50",
    workload: "cross-worker-1000",
    ...ratio(figure.P50, "carillon-redis", "stock-stored"),
    bound: "at most",
    limit: 0.8,
  },
  {
    id: "G10",
    claim: "the same, p99",
    workload: "cross-worker-1000",
    ...ratio(figure.P99, "carillon-redis", "stock-stored"),
    bound: "at most",
    limit: 0.7,
  },
  {
    id: "G11",
    claim: "resident memory of each further connection in 5 rooms, in parts of bare stock Socket.IO's",
    workload: "connections",
    ...ratio(figure.RSS_PER_CONNECTION, "carillon", "stock"),
    bound: "at most",
    limit: 0.75,
  },
  {
    id: "G12",
    claim: "letting a client in, its token checked: its CPU, in parts of bare stock Socket.IO's without tokens",
    workload: "connects",
    ...ratio(figure.CPU_PER_CONNECT, "carillon", "stock"),
    bound: "at most",
    limit: 1.1,
  },
  {
    id: "G14",
    claim:
      "bringing 10 missed messages to a client that comes back, beside what connecting costs: how many times Carillon's CPU the streams adapter takes",
    workload: "recovery",
    ...ratio(figure.CPU_PER_RECOVERY, "stock-streams", "carillon-redis"),
    bound: "at least",
    limit: 50,
  },
  {
    id: "G16",
    claim: "CPU per delivery with 10,000 rooms, in parts of that with 10",
    workload: "growth-rooms",
    ...ratio(figure.CPU_PER_DELIVERY, "carillon 10000 rooms", "carillon 10 rooms"),
    bound: "at most",
    limit: 1.15,
  },
  {
    id: "G16",
    claim: "CPU per delivery on 4 workers, in parts of that on 1",
    workload: "growth-workers",
    ...ratio(figure.CPU_PER_DELIVERY, "carillon-redis 4 workers", "carillon-redis 1 worker"),
    bound: "at most",
    limit: 1.05,
  },
  {
    id: "G17",
    claim: "one way at 1 message/s a room, in memory: p50, in parts of stock Socket.IO's",
    workload: "low-rate",
    ...ratio(figure.P50, "carillon", "stock"),
    bound: "at most",
    limit: 1,
  },
];

/** How the goals stand by what was measured: the median decides. */
export function judge(results: Results, goals: readonly Goal[] = GOALS): Verdict[] {
  return goals.map((goal) => {
    const samples = results[goal.workload]?.samples ?? [];
    const values = byRound(samples, goal.of.contender, goal.of.figure);
    const { against, bound, limit } = goal;
    const counted = against
      ? ratios(values, byRound(samples, against.contender, against.figure))
      : [...values.values()];
    const measured = spreadOf(counted);
    if (!measured) return { goal, measured, reached: undefined };
    return { goal, measured, reached: bound === "at most" ? measured.median <= limit : measured.median >= limit };
  });
}
