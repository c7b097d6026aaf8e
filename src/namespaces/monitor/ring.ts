import type { Sample } from "./sample.ts";

/** How many samples of a host are kept, and for how long. */
export const RING_SIZE = 300;
export const RING_AGE_MS = 300_000;

/** The recent past of one host: what was sampled, in order. A second that was not sampled is not there; nothing is filled in. */
export interface Ring {
  /** How many samples it was ever given: a place to come back to with `since`. */
  readonly count: number;
  push(sample: Sample): void;
  /** At most the last 300 samples, none older than 300 s; oldest first. */
  recent(now: number): Sample[];
  /** What was pushed after `count` was so high; oldest first. */
  since(count: number): Sample[];
}

export function createRing(): Ring {
  let samples: Sample[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    push(sample) {
      samples.push(sample);
      if (samples.length > RING_SIZE) samples.shift();
      count += 1;
    },
    recent(now) {
      samples = samples.filter(({ at }) => now - at <= RING_AGE_MS);
      return [...samples];
    },
    since: (place) => samples.slice(Math.max(0, samples.length - (count - place))),
  };
}
