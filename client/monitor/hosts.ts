import type { z } from "zod";
import type { monitor } from "../../src/namespaces/monitor/contract.ts";
import type { HostView, Sample } from "./index.ts";

type Shown = z.output<(typeof monitor)["requests"]["metrics:watch"]["reply"]>["hosts"];

/** What the server keeps of a host, and what is kept here. */
const RECENT = { samples: 300, ms: 300_000 };

/** The hosts that are watched, as far as they were sampled. */
export interface Hosts {
  readonly all: ReadonlyMap<string, HostView>;
  /** What a watch was answered. @returns the samples that are newer than what was known of their host, oldest first */
  show(shown: Shown): readonly Sample[];
  /** @returns whether it is new, and whether its host is */
  take(sample: Sample): { readonly isNew: boolean; readonly isFirst: boolean };
  /** @returns whether it is known */
  mark(host: string, hasLeft: boolean): boolean;
  /** Forgets all others. */
  keep(isWanted: (host: string) => boolean): void;
}

export function createHosts(): Hosts {
  const all = new Map<string, HostView>();

  /** Those that have left go when all that was sampled of them would be too old: hosts with names of the day must not pile up. */
  function forgetOld(now: number): void {
    for (const [host, { hasLeft, samples }] of all)
      if (hasLeft && now - (samples.at(-1)?.at ?? 0) > RECENT.ms) all.delete(host);
  }

  return {
    all,
    show(shown) {
      const news = shown.flatMap(({ samples, ...facts }) => {
        const { host } = facts;
        const known = all.get(host)?.samples ?? [];
        all.set(host, { ...facts, samples: merge(known, samples), hasLeft: false });
        const lastAt = known.at(-1)?.at ?? 0;
        return samples.filter(({ at }) => at > lastAt);
      });
      const names = new Set(shown.map(({ host }) => host));
      for (const [host, view] of all) if (!names.has(host)) all.set(host, { ...view, hasLeft: true });
      return news.toSorted((one, other) => one.at - other.at);
    },
    take(sample) {
      const { host, at, cpu, memory } = sample;
      const before = all.get(host);
      if (before?.samples.some((known) => known.at === at)) return { isNew: false, isFirst: false };
      const view = before ?? { host, os: "", cores: cpu.cores, memoryBytes: memory.totalBytes, samples: [] };
      all.set(host, { ...view, samples: merge(view.samples, [sample]), hasLeft: false });
      forgetOld(at);
      return { isNew: true, isFirst: !before };
    },
    mark(host, hasLeft) {
      const view = all.get(host);
      if (view) all.set(host, { ...view, hasLeft });
      return view !== undefined;
    },
    keep(isWanted) {
      for (const host of all.keys()) if (!isWanted(host)) all.delete(host);
    },
  };
}

/** By time, each moment once, and no more than the recent past. */
function merge(known: readonly Sample[], samples: readonly Sample[]): readonly Sample[] {
  const byTime = new Map([...known, ...samples].map((sample) => [sample.at, sample]));
  const sorted = [...byTime.values()].toSorted((one, other) => one.at - other.at);
  const newestAt = sorted.at(-1)?.at ?? 0;
  return sorted.filter(({ at }) => newestAt - at <= RECENT.ms).slice(-RECENT.samples);
}
