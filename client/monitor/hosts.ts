import type { HostView, Sample } from "./index.ts";

/** What the server keeps of a host, and what is kept here. */
const RECENT = { samples: 300, ms: 300_000 };

/** What a host is, whatever was sampled of it. */
export type HostFacts = Omit<HostView, "samples" | "hasLeft">;

/** The hosts that are watched, as far as they were sampled. */
export interface Hosts {
  readonly all: Map<string, HostView>;
  /** Puts samples of a host between those that are known, by time and each once. @returns those that are newer, oldest first */
  take(facts: HostFacts | { readonly host: string }, samples: readonly Sample[]): readonly Sample[];
  mark(host: string, hasLeft: boolean): void;
}

export function createHosts(): Hosts {
  const all = new Map<string, HostView>();
  return {
    all,
    take(facts, samples) {
      const view = all.get(facts.host);
      const known = view?.samples ?? [];
      const byTime = new Map([...known, ...samples].map((sample) => [sample.at, sample]));
      const merged = [...byTime.values()].toSorted((one, other) => one.at - other.at);
      const isRecent = ({ at }: Sample) => (merged.at(-1)?.at ?? 0) - at <= RECENT.ms;
      const recent = merged.filter(isRecent).slice(-RECENT.samples);
      all.set(facts.host, { ...view, ...facts, samples: recent, hasLeft: false } as HostView);
      return samples.filter(({ at }) => at > (known.at(-1)?.at ?? 0));
    },
    mark(host, hasLeft) {
      const view = all.get(host);
      if (view) all.set(host, { ...view, hasLeft });
      // Those that have left go when all that was sampled of them is too old: hosts with names of the day must not pile up.
      const newestAt = Math.max(...[...all.values()].map(({ samples }) => samples.at(-1)?.at ?? 0));
      for (const [name, each] of all)
        if (each.hasLeft && newestAt - (each.samples.at(-1)?.at ?? 0) > RECENT.ms) all.delete(name);
    },
  };
}
