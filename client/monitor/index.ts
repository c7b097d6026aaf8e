import type { z } from "zod";
import type {
  Alert as AlertSchema,
  monitor as contract,
  Sample as SampleSchema,
} from "../../src/namespaces/monitor/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import { openOn } from "../ask.ts";
import type { Channel } from "../channel.ts";
import { createLive, type Live, type Source } from "../live.ts";
import type { Part } from "../part.ts";
import { createStream, type Stream } from "../stream.ts";
import { createHosts } from "./hosts.ts";

/** What was measured of one host in one second. */
export type Sample = z.output<typeof SampleSchema>;
/** A threshold that a host is over: which, by how much, and since when. */
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

/** What is watched, as it stands: the last 300 s of each host, and the alerts. */
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

/** Live metrics of the hosts that Carillon runs on, for users who may see them. */
export interface Monitor {
  /** The namespace: how its connection is, and requests that have no method here. */
  readonly channel: Channel<typeof contract>;
  /** Watches all hosts, or some: now, or as soon as there is a connection. */
  watch(hosts?: readonly string[]): Watch;
}

/** A watch, from the side of whoever fills it. */
interface Watching extends Pick<Source<MonitorSnapshot>, "changed">, Pick<Stream<Sample>, "tell" | "end"> {
  /** Nothing: all of them. */
  readonly names: ReadonlySet<string> | undefined;
  /** What was there when it began is shown. */
  isFilled: boolean;
}

/** The server takes no more names than these; whoever wants more of them, or watches twice, gets all, and is shown what he wants. */
const MOST_NAMED = 100;
const INTERVAL_MS = 1_000;

/** Watches hosts over a channel of `/monitor`. The server knows one watch a connection: all of ours share it. */
function createMonitor(channel: Channel<typeof contract>): Monitor {
  const hosts = createHosts();
  const watches = new Set<Watching>();
  let alerts: readonly Alert[] = [];
  let intervalMs = INTERVAL_MS;
  /** All hosts are watched, whatever is wanted of them. */
  let isOfAll = false;

  const wants = ({ names }: Watching, host: string) => names?.has(host) ?? true;
  const each = (act: (watching: Watching) => void, host?: string) => {
    for (const watching of watches) if (host === undefined || wants(watching, host)) act(watching);
  };
  const changedAll = (host?: string) => each((watching) => watching.changed(), host);
  const tellAll = (sample: Sample) => each((watching) => watching.isFilled && watching.tell(sample), sample.host);

  const listing = openOn(channel, "alert:list", {
    input: () => ({}),
    answered(reply) {
      ({ alerts } = reply);
    },
    changed: changedAll,
  });
  const opening = openOn(channel, "metrics:watch", {
    input() {
      const [first] = watches;
      isOfAll = watches.size > 1 || (first !== undefined && !(first.names && first.names.size <= MOST_NAMED));
      return first && { hosts: isOfAll ? undefined : [...(first.names ?? [])] };
    },
    answered(reply) {
      ({ intervalMs } = reply);
      for (const host of hosts.all.keys()) hosts.mark(host, true);
      const news = reply.hosts.flatMap(({ samples, ...facts }) => hosts.take(facts, samples));
      news.toSorted((one, other) => one.at - other.at).forEach(tellAll);
      each((watching) => (watching.isFilled = true));
    },
    changed() {
      changedAll();
      if (channel.getSnapshot().status === "closed") each((watching) => watching.end());
    },
  });

  function heard(alert: Alert, isRaised: boolean): void {
    const others = alerts.filter(({ id }) => id !== alert.id);
    alerts = isRaised ? [...others, alert] : others;
    // The list that is on its way may be older.
    if (listing.isPending) listing.again();
    changedAll(alert.host);
  }

  function moved(host: string, hasLeft: boolean): void {
    hosts.mark(host, hasLeft);
    changedAll(host);
  }

  channel.on("metrics:sampled", (sample) => {
    const { host } = sample;
    // What a host is comes with a watch alone.
    if (!hosts.all.has(host)) return opening.again();
    hosts.take({ host }, [sample]).forEach(tellAll);
    changedAll(host);
  });
  channel.on("host:joined", ({ host }) => moved(host, false));
  channel.on("host:left", ({ host }) => moved(host, true));
  channel.on("alert:raised", (alert) => heard(alert, true));
  channel.on("alert:cleared", (alert) => heard(alert, false));

  function stop(watching: Watching): void {
    watching.end();
    if (!watches.delete(watching)) return;
    opening.again();
    if (watches.size > 0) return;
    hosts.all.clear();
    channel.request("metrics:unwatch", {}).catch(() => {});
  }

  return {
    channel,
    watch(hostNames) {
      const names = hostNames && new Set(hostNames);
      const { changed, ...live } = createLive<MonitorSnapshot>(() => {
        const standing = opening.standing();
        return {
          ...standing,
          status: watching.isFilled || standing.status === "refused" ? standing.status : "opening",
          intervalMs,
          hosts: [...hosts.all.values()].filter(isShown).toSorted((one, other) => (one.host < other.host ? -1 : 1)),
          alerts: alerts.filter(isShown).toSorted((one, other) => other.at - one.at),
        };
      });
      const isShown = ({ host }: { host: string }) => wants(watching, host);
      const isFilled = isOfAll && opening.standing().status === "live";
      const { tell, end, ...news } = createStream<Sample>();
      const watching: Watching = { changed, tell, end, names, isFilled };
      watches.add(watching);
      if (channel.getSnapshot().status === "closed") watching.end();
      else if (!isFilled) opening.again();
      return { ...live, ...news, stop: () => stop(watching) };
    },
  };
}

/** The monitor, for whoever wants it in his connection: `connection.use(monitor)`. Offline it waits until there is one, as the other parts do. */
export const monitor: Part<typeof contract, Monitor> = { name: "monitor", open: createMonitor };
