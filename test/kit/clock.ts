import type { Clock } from "../../src/clock.ts";

interface Timer {
  readonly dueAt: number;
  readonly act: () => void;
}

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /** Timers that have neither run nor been called off. */
  readonly pending: number;
  /**
   * Moves time on by `ms`. Due timers run in the order in which they are due, those of one instant in the order in which
   * they were set, each at its own time and with all that it set in motion settled before the next one; timers that they
   * set run too, where they are due. Rejects with what a timer throws.
   */
  advance(ms: number): Promise<void>;
}

/** `startMs` is an ordinary moment by default, so that nothing passes for the sake of a zero. */
export function fakeClock(startMs = Date.UTC(2025, 0, 1)): FakeClock {
  let nowMs = startMs;
  /** In the order in which they were set. */
  const timers = new Set<Timer>();

  const nextDue = (untilMs: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.dueAt <= untilMs && (first === undefined || timer.dueAt < first.dueAt)) first = timer;
    }
    return first;
  };

  return {
    now: () => nowMs,
    after(ms, act) {
      const timer: Timer = { dueAt: nowMs + Math.max(0, ms), act };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    get pending() {
      return timers.size;
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settled();
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.dueAt);
        timer.act();
        await settled();
      }
      nowMs = untilMs;
    },
  };
}

/** A turn of the event loop: every promise that waits for nothing from outside has settled by then. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
