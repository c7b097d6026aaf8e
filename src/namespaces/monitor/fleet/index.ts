import type { HostFacts, HostMeter } from "../host.ts";
import type { Alert, Sample } from "../sample.ts";
import type { WorkerMeter } from "../worker.ts";

/** Which hosts somebody watches: all, or those of these names. */
export type Wanted = "all" | ReadonlySet<string>;

export const NOTHING: Wanted = new Set();

/** Whether a host is among those that are watched. */
export const covers = (wanted: Wanted, host: string) => wanted === "all" || wanted.has(host);

/** What is told of a host each second, to everybody alike. */
export interface Report {
  readonly sample: Sample;
  readonly facts: HostFacts;
  /** The alerts that stand on the host after this sample. */
  readonly standing: readonly Alert[];
  /** Those that it has cleared. */
  readonly cleared: readonly Alert[];
}

/** A worker: what it brings to the fleet, and hears of it. */
export interface Member {
  readonly host: string;
  openHost(): Promise<HostMeter>;
  openWorker(): WorkerMeter;
  /** What is to be told of a sample, where it was this worker's turn to take it. */
  report(sample: Sample): Report;
  /** Hears of every host that is sampled, in the order of its samples; also of what was sampled before this worker was there. */
  reported(report: Report): void;
  joined(host: string): void;
  /** It is sampled no longer: nobody watches it any more, or (`gone`) somebody does, and it has fallen silent. */
  left(host: string, gone: boolean): void;
}

export interface Membership {
  /** Resolves when it is known what was sampled before, or not to be had. Never rejects. */
  readonly recalled: Promise<void>;
  /** Says what is watched on this worker. Nothing is sampled anywhere while nobody in the fleet watches. */
  want(wanted: Wanted): void;
  close(): void | Promise<void>;
}

/** The hosts that serve and the workers on them, seen as one from every worker: each host is sampled by one of its workers. */
export interface Fleet {
  join(member: Member): Membership;
}
