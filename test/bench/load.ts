import type { Target } from "./peer.ts";
import type { Wire } from "./wire.ts";

/** One client: who it is and where it is. */
export interface LoadClient {
  readonly user: string;
  readonly token?: string;
  /** Which of the peer's targets it connects to. */
  readonly target: number;
  readonly rooms: readonly string[];
}

/** Messages by a fixed timetable (open loop): one that is late is still measured from when it was due. */
export interface Timetable {
  /** At each turn, so many messages are written at once, each by another of the senders, to the same room. */
  readonly burst: number;
  /** Turns of all rooms together, each second. */
  readonly turnsPerSec: number;
  readonly seconds: number;
  /** Rooms in the order in which turns go to them, over and over. */
  readonly rooms: readonly string[];
  /** For each of `rooms`: indexes of the clients that send to it. */
  readonly senders: readonly (readonly number[])[];
  /** For each of `rooms`: how many clients hear it. */
  readonly listeners: readonly number[];
  /** Length of a message's text. */
  readonly textBytes: number;
}

/** One request at a time and client, as fast as it is answered (closed loop). */
export interface EchoLoop {
  /** Indexes of the clients that ask. */
  readonly clients: readonly number[];
  /** To which room each sends; one room for each client keeps fan-out out of it. */
  readonly rooms: readonly string[];
  readonly seconds: number;
  readonly textBytes: number;
}

/** Latencies in microseconds, in buckets that are at most 2 % wide; merged by adding. */
export interface Histogram {
  readonly count: number;
  /** `p` between 0 and 1. */
  at(p: number): number;
  readonly max: number;
}

export interface Delivered {
  readonly sent: number;
  readonly acked: number;
  /** Acks that said no. */
  readonly refused: number;
  readonly delivered: number;
  readonly expected: number;
  /** On the sample of clients whose every frame is looked into. */
  readonly doubled: number;
  readonly missing: number;
  readonly swapped: number;
  readonly bytes: number;
  readonly latency: Histogram;
  readonly ackLatency: Histogram;
  /** Of the load generator's own process over the time that counts: busy part of a core, and how late its loop was. */
  readonly clientBusy: number;
  readonly clientLoopP99Ms: number;
  /** Connections that were lost meanwhile. */
  readonly lost: number;
}

export interface Connected {
  /** Clients that were let in and are in all their rooms. */
  readonly ready: number;
  readonly failed: number;
  readonly seconds: number;
  /** From the start of a client's TCP connection until it is in all its rooms. */
  readonly timeToReady: Histogram;
}

/**
 * A load generator in a process of its own (`taskset` on its core), driven over IPC. Raw sockets and prebuilt frames; one read buffer for all.
 */
export interface Load extends AsyncDisposable {
  readonly pid: number;
  /** Adds clients, so many at once being on their way. Local addresses 127.0.0.2.. are taken in turn, so that ports do not run out. */
  connect(clients: readonly LoadClient[], atOnce: number): Promise<Connected>;
  /** Warms up for `warmSeconds` by the same timetable, then calls `begin`, measures for its `seconds`, and calls `end` at once. */
  drive(timetable: Timetable, warmSeconds: number, edges: Edges): Promise<Delivered>;
  echo(loop: EchoLoop, warmSeconds: number, edges: Edges): Promise<Delivered>;
  /** Cuts all connections (RST). */
  cut(): Promise<void>;
}

/** Told at the two ends of what counts, so that CPU and counters are read there. */
export interface Edges {
  begin(): void | Promise<void>;
  end(): void | Promise<void>;
}

export interface LoadOptions {
  readonly wire: Wire["name"];
  readonly targets: readonly Target[];
  readonly publishUrl?: string;
  readonly core?: number;
  /** One of so many clients has every frame looked into. */
  readonly sampleOneIn?: number;
}
