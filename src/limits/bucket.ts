import type { Clock } from "../clock.ts";

export interface Rate {
  /** Tokens that come back each second; 0 means no limit. */
  readonly perSec: number;
  /** Tokens that may be saved up. */
  readonly burst: number;
}

/** A token bucket: synchronous and without timers, since it is asked at every request. */
export interface Bucket {
  /** Takes a token. @returns 0, or the milliseconds until there is one. */
  take(): number;
  /** Whether it is as good as new. */
  readonly full: boolean;
}

/** What a token costs, in what comes back: `perSec` of it each millisecond. So whole rates are reckoned in whole numbers. */
const COST = 1000;

/** @see https://en.wikipedia.org/wiki/Token_bucket */
export function createBucket(rate: Rate, clock: Clock): Bucket {
  return new TokenBucket(rate, clock);
}

/** A class, since there is one for each socket. */
class TokenBucket implements Bucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #level: number;
  #filledAt: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#level = rate.burst * COST;
    this.#filledAt = clock.now();
  }

  get full(): boolean {
    this.#refill();
    return this.#rate.perSec === 0 || this.#level >= this.#rate.burst * COST;
  }

  take(): number {
    const { perSec } = this.#rate;
    if (perSec === 0) return 0;
    this.#refill();
    if (this.#level < COST) return Math.ceil((COST - this.#level) / perSec);
    this.#level -= COST;
    return 0;
  }

  #refill(): void {
    const { perSec, burst } = this.#rate;
    const now = this.#clock.now();
    this.#level = Math.min(burst * COST, this.#level + Math.max(0, now - this.#filledAt) * perSec);
    this.#filledAt = now;
  }
}

/** Above this many keys, those that are as good as new are forgotten. */
const SWEEP_AT = 10_000;

/** A bucket for each key (an address, say), kept only for as long as it remembers anything. */
export function createBuckets(rate: Rate, clock: Clock): (key: string) => Bucket {
  const buckets = new Map<string, Bucket>();
  let sweepAt = SWEEP_AT;
  return (key) => {
    if (buckets.size >= sweepAt) {
      for (const [other, bucket] of buckets) if (bucket.full) buckets.delete(other);
      sweepAt = Math.max(SWEEP_AT, buckets.size * 2);
    }
    let bucket = buckets.get(key);
    if (!bucket) buckets.set(key, (bucket = createBucket(rate, clock)));
    return bucket;
  };
}
