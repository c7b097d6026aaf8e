import type { Clock } from "../clock.ts";

/** For how long one is good. What was erased since has another end; only what became too old meanwhile is in it for longer than it should. */
const GOOD_MS = 1_000;

/** A stretch of so many entries is counted each time it is asked for. */
const SHORT = 50;

/** Each holds a number for each author of a stretch. */
const MAX_KEPT = 500;

/** How many messages of a stretch are whose. */
export interface Tally {
  readonly all: number;
  readonly by: ReadonlyMap<string, number>;
}

interface Kept {
  readonly at: number;
  readonly tally: Promise<Tally>;
}

/**
 * Counts a stretch of a log once for all who ask for it within a second. A thousand messages take Redis a millisecond to count, in which it
 * does nothing else, and when a worker dies, thousands come back who all ask how much of the same they have not read.
 */
export class Tallies {
  readonly #clock: Clock;
  readonly #take: (topic: string, after: number, upTo: number) => Promise<Tally>;
  /** By topic and stretch, the oldest first. */
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock, take: (topic: string, after: number, upTo: number) => Promise<Tally>) {
    this.#clock = clock;
    this.#take = take;
  }

  of(topic: string, after: number, upTo: number): Promise<Tally> {
    // One without an end would be another one after each entry.
    if (upTo - after <= SHORT || upTo === Infinity) return this.#take(topic, after, upTo);
    const name = `${after} ${upTo} ${topic}`;
    const now = this.#clock.now();
    const known = this.#kept.get(name);
    if (known && now >= known.at && now < known.at + GOOD_MS) return known.tally;
    const tally = this.#take(topic, after, upTo);
    const kept = { at: now, tally };
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    this.#forget(now);
    tally.catch(() => this.#kept.get(name) === kept && this.#kept.delete(name));
    return tally;
  }

  /** The log may be another one than was counted. */
  clear(): void {
    this.#kept.clear();
  }

  #forget(now: number): void {
    for (const [name, { at }] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT && now < at + GOOD_MS) return;
      this.#kept.delete(name);
    }
  }
}
