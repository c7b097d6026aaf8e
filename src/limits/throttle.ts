import type { Clock } from "../clock.ts";

/** Lets something be told at most once in so long, over all workers. It may be lost: then something is told once too often. */
export interface Throttle {
  /**
   * Asks to tell news of `key`. `rank` grows from one news to the next, and what is older than what was told already is not told any
   * more. @returns 0: now, and nobody else before `everyMs` is over; else the milliseconds to wait; `undefined`: it is old.
   */
  take(key: string, rank: number, everyMs: number): Promise<number | undefined>;
}

interface Told {
  readonly rank: number;
  readonly at: number;
  readonly everyMs: number;
}

/** A clock that was set back does not keep anything waiting. */
const isOver = ({ at, everyMs }: Told, now: number) => now < at || now >= at + everyMs;

/** For one process. Without timers: a thousand rooms have a thousand news a second. */
export function memoryThrottle({ clock }: { clock: Clock }): Throttle {
  /** What was told last, the longest ago first. */
  const told = new Map<string, Told>();

  function forget(now: number): void {
    for (const [key, last] of told) {
      if (!isOver(last, now)) return;
      told.delete(key);
    }
  }

  return {
    async take(key, rank, everyMs) {
      const now = clock.now();
      forget(now);
      const last = told.get(key);
      if (last && rank < last.rank) return undefined;
      if (last && !isOver(last, now)) return last.at + last.everyMs - now;
      told.delete(key);
      told.set(key, { rank, at: now, everyMs });
      return 0;
    },
  };
}
