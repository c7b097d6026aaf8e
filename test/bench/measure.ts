import type { Counted } from "./peer.ts";

/** What some processes and Redis have used up since they began; differences between two of them are what counts. */
export interface Usage {
  readonly atNs: bigint;
  /** Seconds of CPU by process, user and system (from `/proc/PID/stat`, in steps of 10 ms). */
  readonly cpu: ReadonlyMap<string, { readonly user: number; readonly system: number }>;
  /** Calls that write, of each process (`syscw` in `/proc/PID/io`: not `send` and `sendmsg`, so not uWebSockets.js). */
  readonly writes: ReadonlyMap<string, number>;
  /** Resident bytes by process. */
  readonly rss: ReadonlyMap<string, number>;
  /** Commands that Redis has run, `INFO` left out. */
  readonly redisCommands: number;
  /** Busy and stolen seconds of the whole machine (`/proc/stat`). */
  readonly machine: { readonly busy: number; readonly steal: number; readonly total: number };
}

/** Reads them: `processes` are the peer's, `redis` is there where it has one. */
export type ReadUsage = (processes: readonly Counted[], redisUrl: string | undefined) => Promise<Usage>;

/** One run of one workload on one peer. */
export interface Sample {
  readonly peer: string;
  readonly workload: string;
  readonly round: number;
  /** Why it does not count (steal, a saturated client, something lost); nothing where it does. */
  readonly void?: string;
  /** By the metric's name: `cpu µs/delivery`, `writes/delivery`, `p50 ms`, … */
  readonly figures: Readonly<Record<string, number>>;
}
