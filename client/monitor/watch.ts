import type { Standing } from "../ask.ts";
import { createLive } from "../live.ts";
import { createStream } from "../stream.ts";
import type { Alert, HostView, MonitorSnapshot, Sample, Watch } from "./index.ts";

/** What all watches of a channel share. */
export interface Board {
  readonly standing: Standing;
  readonly intervalMs: number;
  readonly hosts: ReadonlyMap<string, HostView>;
  readonly alerts: ReadonlyMap<string, Alert>;
}

/** A watch, from the side of whoever fills it. */
export interface Watching {
  readonly watch: Watch;
  /** Nothing: all of them. */
  readonly hosts: readonly string[] | undefined;
  wants(host: string): boolean;
  /** What was there or came meanwhile is shown. These of it are told, unless they were there before this watch began. */
  filled(news: readonly Sample[]): void;
  tell(sample: Sample): void;
  changed(): void;
  end(): void;
}

export function createWatching(
  hosts: readonly string[] | undefined,
  board: Board,
  stop: (watching: Watching) => void,
): Watching {
  const samples = createStream<Sample>();
  const wanted = hosts && new Set(hosts);
  const wants = (host: string) => wanted?.has(host) ?? true;
  let isFilled = false;
  const live = createLive<MonitorSnapshot>(() => {
    const { standing, intervalMs } = board;
    const status = standing.status === "live" && !isFilled ? "opening" : standing.status;
    const byName = [...board.hosts.values()].filter(({ host }) => wants(host));
    const alerts = [...board.alerts.values()].filter(({ host }) => wants(host));
    return {
      ...standing,
      status,
      intervalMs,
      hosts: byName.toSorted((one, other) => (one.host < other.host ? -1 : 1)),
      alerts: alerts.toSorted((one, other) => other.at - one.at),
    };
  });
  const watching: Watching = {
    watch: {
      ...live,
      listen: samples.listen,
      [Symbol.asyncIterator]: () => samples[Symbol.asyncIterator](),
      stop: () => stop(watching),
    },
    hosts,
    wants,
    filled(news) {
      const told = isFilled ? news : [];
      isFilled = true;
      live.changed();
      for (const sample of told) watching.tell(sample);
    },
    tell(sample) {
      if (wants(sample.host)) samples.tell(sample);
    },
    changed: live.changed,
    end: samples.end,
  };
  return watching;
}
