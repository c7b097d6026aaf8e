import type { Message } from "./message.ts";

/** What came of the messages of one direction. */
export interface Received {
  /** Nanoseconds from when each was due until it was there, in the order in which they came. */
  readonly latencies: readonly number[];
  readonly missing: number;
  readonly doubled: number;
  /** Came after one with a higher number. */
  readonly overtaken: number;
}

/** Notes what comes at one end. */
export class Inbox {
  #numbers = new Set<number>();
  #latencies: number[] = [];
  #doubled = 0;
  #overtaken = 0;
  #highest = 0;
  #came: (() => void) | undefined;

  /** Forgets what has come. */
  clear(): void {
    this.#numbers = new Set();
    this.#latencies = [];
    this.#doubled = this.#overtaken = this.#highest = 0;
  }

  take({ number, due }: Message): void {
    const now = process.hrtime.bigint();
    if (this.#numbers.has(number)) return void this.#doubled++;
    this.#numbers.add(number);
    this.#latencies.push(Number(now - BigInt(due)));
    if (number < this.#highest) this.#overtaken++;
    this.#highest = Math.max(this.#highest, number);
    this.#came?.();
  }

  /** Resolves when so many have come, or none has for so long. */
  async full(count: number, patienceMs: number): Promise<void> {
    while (this.#numbers.size < count && (await this.#nextWithin(patienceMs)));
  }

  received(count: number): Received {
    return {
      latencies: this.#latencies,
      missing: count - this.#numbers.size,
      doubled: this.#doubled,
      overtaken: this.#overtaken,
    };
  }

  #nextWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#came = () => {
        clearTimeout(timer);
        this.#came = undefined;
        resolve(true);
      };
    });
  }
}
