import type { z } from "zod";
import type { Alert as AlertSchema, monitor, Sample as SampleSchema } from "../../src/namespaces/monitor/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Channel } from "../channel.ts";
import type { Live } from "../live.ts";

export type Sample = z.output<typeof SampleSchema>;
export type Alert = z.output<typeof AlertSchema>;

/** One host, as far back as the last 300 s. */
export interface HostView {
  readonly host: string;
  readonly os: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Oldest first, one a second; a gap is a gap. */
  readonly samples: readonly Sample[];
  /** It is sampled no longer. */
  readonly hasLeft: boolean;
}

export interface MonitorSnapshot {
  /** `opening`: not yet watched, or there is no connection; what is here is what was last known. */
  readonly status: "opening" | "live" | "refused";
  readonly failure?: Failure;
  readonly intervalMs: number;
  /** By name. */
  readonly hosts: readonly HostView[];
  /** That stand now, the newest first. */
  readonly alerts: readonly Alert[];
}

/** Hosts that are watched: filled at once from what was sampled, then live, over cuts and dead workers. As an async iterable it gives new samples. */
export interface Watch extends Live<MonitorSnapshot>, AsyncIterable<Sample> {
  /** Tells of each new sample once. Offline it is silent; what was sampled meanwhile comes when one is back. @returns what ends it. */
  listen(hear: (sample: Sample) => void): () => void;
  /** Watches no longer: where nobody does, nothing is sampled. */
  stop(): void;
}

export interface Monitor {
  /** The namespace: how its connection is, and requests that have no method here. */
  readonly channel: Channel<typeof monitor>;
  /** Watches all hosts, or some: now, or as soon as there is a connection. */
  watch(hosts?: readonly string[]): Watch;
}
