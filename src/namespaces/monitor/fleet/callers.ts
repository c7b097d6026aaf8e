import { covers, type Wanted } from "./index.ts";

/** So many beats without a word end a call: it is said again with every second one. */
const MISSED_BEATS = 6;

/** Who in the fleet watches what. Each worker says it again and again, so that one that died watches nothing soon. */
export interface Callers {
  heard(worker: string, wanted: Wanted): void;
  /** A beat has passed. */
  age(): void;
  /** Whether somebody watches this host. */
  want(host: string): boolean;
  /** Whether somebody watches anything. */
  readonly any: boolean;
}

/**
 * Silence is counted in beats of one's own, never in time: a worker that was stalled has heard nobody meanwhile, and wakes to messages
 * that wait for it.
 */
export function createCallers(): Callers {
  const callers = new Map<string, { readonly wanted: Wanted; missed: number }>();
  return {
    heard(worker, wanted) {
      if (wanted !== "all" && wanted.size === 0) callers.delete(worker);
      else callers.set(worker, { wanted, missed: 0 });
    },
    age() {
      for (const [worker, caller] of callers) if (++caller.missed > MISSED_BEATS) callers.delete(worker);
    },
    want: (host) => [...callers.values()].some(({ wanted }) => covers(wanted, host)),
    get any() {
      return callers.size > 0;
    },
  };
}
