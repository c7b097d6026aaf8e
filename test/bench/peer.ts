import type { Wire } from "./wire.ts";

/** A process whose CPU and memory count as a peer's. */
export interface Counted {
  /** `worker 0`, `redis`, `nginx`. */
  readonly name: string;
  readonly pid: number;
  /** It writes by `send` or `sendmsg`, which the kernel does not count as writes: how many it does is not known. */
  readonly sends?: true;
}

/** Where clients of one worker connect. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface PeerOptions {
  readonly workers: number;
  /** A `redis://` URL, for the peers that need one; each round starts with an empty server of its own. */
  readonly redisUrl: string | undefined;
  /** Cores for `taskset`, one for each worker; nothing: wherever the kernel likes. */
  readonly cores?: readonly number[];
  /** Beside the peer's own environment: the switches of the techniques that are measured. */
  readonly env?: Readonly<Record<string, string>>;
  /** Counts JSON operations of each worker, which costs: only in rounds whose CPU does not count. */
  readonly countJson?: boolean;
  /** Each worker can be told to collect its garbage. */
  readonly collects?: boolean;
}

/** A peer at work; each worker is a process of its own, so that it is measured alone. */
export interface RunningPeer extends AsyncDisposable {
  readonly targets: readonly Target[];
  /** All processes that do the peer's work, without Redis, which whoever started it counts. */
  readonly processes: readonly Counted[];
  /** Where messages are published by HTTP rather than by a client's own frame (nchan). */
  readonly publishUrl?: string;
  /** JSON.parse and JSON.stringify calls of all workers so far, where they are counted. */
  jsonOperations?(): Promise<{ readonly parsed: number; readonly stringified: number }>;
  /** All workers collect all their garbage, where they can be told to: what is resident then is needed. */
  collect?(): Promise<void>;
}

/** Something that does what Carillon does, or a part of it. */
export interface Peer {
  /** As the tables name it: `stock Socket.IO, redis-adapter`. */
  readonly name: string;
  /** How its clients talk. */
  readonly wire: Wire;
  readonly needsRedis: boolean;
  /** Told beside its figures: what it does not do that Carillon does. */
  readonly lacks: string;
  /** Why it cannot run here (a package that does not load, say); nothing where it can. */
  missing?(): Promise<string | undefined>;
  start(options: PeerOptions): Promise<RunningPeer>;
}
