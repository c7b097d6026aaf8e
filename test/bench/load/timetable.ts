import { nowUs } from "./clock.ts";

/** From this gap on, the last millisecond before each turn is spent looking at the clock: timers come up to one late. */
const EXACT_FROM_GAP_US = 20_000;

export interface Turns {
  readonly count: number;
  readonly perSec: number;
}

/**
 * Takes turns when each is due, counted from now: an open loop, which makes up for turns that it comes late to at once and never shifts
 * those after them. Resolves at the time at which one more turn would be due.
 */
export function keepTimetable({ count, perSec }: Turns, turn: (index: number, dueUs: number) => void): Promise<void> {
  const startUs = nowUs();
  const gapUs = 1e6 / perSec;
  const isExact = gapUs >= EXACT_FROM_GAP_US;
  let next = 0;
  const dueUs = () => startUs + next * gapUs;
  return new Promise((resolve, reject) => {
    const step = () => {
      try {
        while (next < count && dueUs() <= nowUs()) {
          turn(next, dueUs());
          next++;
        }
      } catch (error) {
        reject(error);
        return;
      }
      const leftUs = dueUs() - nowUs();
      if (next === count && leftUs <= 0) resolve();
      else wait(leftUs, isExact, step);
    };
    step();
  });
}

function wait(leftUs: number, isExact: boolean, step: () => void): void {
  const wholeMs = Math.floor(leftUs / 1000);
  if (!isExact) setTimeout(step, wholeMs);
  else if (wholeMs > 1) setTimeout(step, wholeMs - 1);
  else setImmediate(step);
}
