import type { Clock } from "../clock.ts";

/** What runs out. Times are epoch milliseconds. */
export interface Expiring {
  readonly endsAt: number;
  expire(): void;
}

/** Deadlines are met on whole seconds, never before: so many of them cost one look a second at most. */
const STEP_MS = 1_000;

/** Ends what has run out, with one timer for all: of each socket's own, a worker with many would hold little else. */
export class Expiry {
  readonly #clock: Clock;
  readonly #watched = new Set<Expiring>();
  #lookAt = Infinity;
  #callOff = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on, or anew where its time has changed. */
  watch(expiring: Expiring): void {
    this.#watched.add(expiring);
    this.#lookBy(expiring.endsAt);
  }

  forget(expiring: Expiring): void {
    this.#watched.delete(expiring);
    if (this.#watched.size > 0) return;
    this.#callOff();
    this.#lookAt = Infinity;
  }

  #lookBy(endsAt: number): void {
    const at = Math.ceil(endsAt / STEP_MS) * STEP_MS;
    if (at >= this.#lookAt) return;
    this.#callOff();
    this.#lookAt = at;
    this.#callOff = this.#clock.after(at - this.#clock.now(), () => this.#look());
  }

  #look(): void {
    this.#lookAt = Infinity;
    const now = this.#clock.now();
    let next = Infinity;
    for (const expiring of this.#watched) {
      if (expiring.endsAt > now) next = Math.min(next, expiring.endsAt);
      else {
        this.#watched.delete(expiring);
        expiring.expire();
      }
    }
    if (next < Infinity) this.#lookBy(next);
  }
}
