import type { Histogram } from "../load.ts";

/** Each bucket's upper end above its lower one. */
const WIDTH = 1.02;
const LOG_WIDTH = Math.log(WIDTH);
/** About seventeen minutes. What is beyond falls into the last bucket; `max` keeps it. */
const LONGEST_US = 1e9;
const BUCKETS = Math.ceil(Math.log(LONGEST_US) / LOG_WIDTH) + 1;

/** A histogram as it goes from one process to another. */
export interface HistogramState {
  readonly counts: Uint32Array;
  readonly max: number;
}

/**
 * Latencies in microseconds in buckets of 2 %, from one microsecond on: how HdrHistogram does it, with buckets of equal ratio. Percentiles
 * of several runs come from their sum, never from a mean of their percentiles.
 */
export class LatencyHistogram implements Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #max = 0;

  static from({ counts, max }: HistogramState): LatencyHistogram {
    const histogram = new LatencyHistogram();
    histogram.#take(counts, max);
    return histogram;
  }

  get count(): number {
    return this.#count;
  }

  /** The longest, as it was recorded; 0 where nothing was. */
  get max(): number {
    return this.#max;
  }

  get state(): HistogramState {
    return { counts: this.#counts, max: this.#max };
  }

  record(us: number): void {
    const bucket = us <= 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log(us) / LOG_WIDTH));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    if (us > this.#max) this.#max = us;
  }

  add(other: LatencyHistogram): void {
    this.#take(other.#counts, other.#max);
  }

  /** The middle of the bucket in which the share `p` (0 to 1) of all is reached, so within 1 %; 0 where nothing was recorded. */
  at(p: number): number {
    const rank = Math.max(1, Math.ceil(p * this.#count));
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#counts[bucket] ?? 0;
      if (below >= rank) return Math.min(this.#max, WIDTH ** (bucket + 0.5));
    }
    return 0;
  }

  #take(counts: Uint32Array, max: number): void {
    for (const [bucket, count] of counts.entries()) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
      this.#count += count;
    }
    this.#max = Math.max(this.#max, max);
  }
}
