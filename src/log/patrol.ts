import type { Clock } from "../clock.ts";

/** Everybody is asked to look once in so many seconds. */
const ROUND_SEC = 60;

/** So many look at a time: enough to keep Redis busy, and not so many that requests of users wait behind them all. */
const AT_A_TIME = 64;

type Look = () => void | Promise<void>;

/**
 * Makes everybody look at what may have been missed: all of them when something is known to have been, and each once a minute, spread
 * over it, because nothing reveals that a last message was lost.
 */
export class Patrol {
  readonly #clock: Clock;
  readonly #isWorthwhile: () => boolean;
  /** By the second of the minute in which they look. */
  readonly #seconds: readonly Set<Look>[] = Array.from({ length: ROUND_SEC }, () => new Set());
  readonly #waiting = new Set<Look>();
  #second = 0;
  #added = 0;
  #looking = 0;
  #stop: () => void;

  /** While it is not `isWorthwhile` nobody is asked to look by the minute. */
  constructor(clock: Clock, isWorthwhile: () => boolean) {
    this.#clock = clock;
    this.#isWorthwhile = isWorthwhile;
    this.#stop = clock.after(1000, () => this.#tick());
  }

  add(look: Look): () => void {
    const members = this.#seconds[this.#added++ % ROUND_SEC];
    members?.add(look);
    return () => {
      members?.delete(look);
      this.#waiting.delete(look);
    };
  }

  /** Everybody looks, as soon as it is his turn. */
  all(): void {
    for (const members of this.#seconds) this.#ask(members);
  }

  close(): void {
    this.#stop();
    this.#waiting.clear();
    for (const members of this.#seconds) members.clear();
  }

  #tick(): void {
    this.#stop = this.#clock.after(1000, () => this.#tick());
    this.#second = (this.#second + 1) % ROUND_SEC;
    if (this.#isWorthwhile()) this.#ask(this.#seconds[this.#second] ?? []);
  }

  #ask(members: Iterable<Look>): void {
    for (const look of members) this.#waiting.add(look);
    this.#next();
  }

  #next(): void {
    for (const look of this.#waiting) {
      if (this.#looking >= AT_A_TIME) return;
      this.#waiting.delete(look);
      this.#looking++;
      void this.#run(look);
    }
  }

  async #run(look: Look): Promise<void> {
    try {
      await look();
    } finally {
      this.#looking--;
      this.#next();
    }
  }
}
