import type { Clock } from "../clock.ts";

/** Lets something be told at most once in so long, over all workers. It may be lost: then something is told once too often. */
export interface Throttle {
  /**
   * Asks to tell news of `key`. `rank` grows from one news to the next, and what is older than what was told already is not told any
   * more. @returns 0: now, and nobody else before `everyMs` is over; else the milliseconds to wait; `undefined`: it is old.
   */
  take(key: string, rank: number, everyMs: number): Promise<number | undefined>;
}

/** For one process. */
export function memoryThrottle({ clock }: { clock: Clock }): Throttle {
  const told = new Map<string, { rank: number; until: number }>();
  return {
    async take(key, rank, everyMs) {
      const now = clock.now();
      const last = told.get(key);
      if (last && rank < last.rank) return undefined;
      if (last && now < last.until) return last.until - now;
      told.set(key, { rank, until: now + everyMs });
      // Forgotten with the last news: a step of the clock back would otherwise keep it waiting.
      clock.after(everyMs, () => (told.get(key)?.rank === rank ? told.delete(key) : undefined));
      return 0;
    },
  };
}
