import type { z } from "zod";
import type { Alert as AlertSchema, monitor, Sample as SampleSchema } from "../../src/namespaces/monitor/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import { askWhenOpen } from "../ask.ts";
import type { Channel } from "../channel.ts";
import type { Live } from "../live.ts";
import { followAlerts } from "./alerts.ts";
import { createHosts } from "./hosts.ts";
import { type Board, createWatching, type Watching } from "./watch.ts";

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

/** The server takes no more names than these; whoever wants more of them gets all, and is shown what he wants. */
const MOST_NAMED = 100;
const INTERVAL_MS = 1_000;

/** Watches hosts over a channel of `/monitor`. The server knows one watch a connection: all of ours share it. */
export function createMonitor(channel: Channel<typeof monitor>): Monitor {
  const hosts = createHosts();
  const watches = new Set<Watching>();
  let intervalMs = INTERVAL_MS;
  /** The watch that all of ours make together, as it was last asked for. */
  let asked = "";

  const isWanted = (host: string) => [...watches].some(({ wants }) => wants(host));
  const changed = (host?: string) => {
    for (const watching of watches) if (host === undefined || watching.wants(host)) watching.changed();
  };
  const alerts = followAlerts(channel, changed);
  const asking = askWhenOpen(channel, "metrics:watch", {
    input: () => inputOf(watches),
    answered(reply) {
      ({ intervalMs } = reply);
      const news = hosts.show(reply.hosts.filter(({ host }) => isWanted(host)));
      for (const watching of watches) watching.filled(news);
    },
    changed() {
      changed();
      if (channel.getSnapshot().status === "closed") for (const { end } of watches) end();
    },
  });

  function sampled(sample: Sample): void {
    const { host } = sample;
    if (!isWanted(host)) return;
    const { isNew, isFirst } = hosts.take(sample);
    if (!isNew) return;
    // What a host is comes with a watch alone.
    if (isFirst && !asking.isPending) asking.again();
    changed(host);
    for (const watching of watches) watching.tell(sample);
  }

  function moved(host: string, hasLeft: boolean): void {
    if (hosts.mark(host, hasLeft)) changed(host);
  }

  /** Some began or ended: asks for what is wanted now, where that is something else. */
  function rewatch(): void {
    hosts.keep(isWanted);
    const input = inputOf(watches);
    const wanted = JSON.stringify(input) ?? "";
    if (wanted === asked) return;
    asked = wanted;
    asking.again();
    if (!input) channel.request("metrics:unwatch", {}).catch(() => {});
  }

  function stop(watching: Watching): void {
    watching.end();
    if (watches.delete(watching)) rewatch();
  }

  channel.on("metrics:sampled", sampled);
  channel.on("host:joined", ({ host }) => moved(host, false));
  channel.on("host:left", ({ host }) => moved(host, true));
  const board: Board = {
    get standing() {
      return asking.standing;
    },
    get intervalMs() {
      return intervalMs;
    },
    hosts: hosts.all,
    alerts: alerts.all,
  };
  return {
    channel,
    watch(names) {
      const watching = createWatching(names && [...names], board, stop);
      if (channel.getSnapshot().status === "closed") watching.end();
      watches.add(watching);
      rewatch();
      // Others watch all of that already.
      if (!asking.isPending && asking.standing.status === "live") watching.filled([]);
      return watching.watch;
    },
  };
}

/** What all of them watch together: all hosts, if one does; nothing, if there are none. */
function inputOf(watches: Iterable<Watching>): { hosts?: string[] } | undefined {
  const each = [...watches];
  if (each.length === 0) return undefined;
  const names = new Set(each.flatMap(({ hosts = [] }) => hosts));
  return each.every(({ hosts }) => hosts) && names.size <= MOST_NAMED ? { hosts: [...names].toSorted() } : {};
}
