/** Says when the next one may go, in milliseconds from now, and counts it as gone then. */
export interface Pace {
  take(): number;
  /** So much the server takes: `perSec` and `burst` of a new connection; 0 means no limit. */
  reset(limits: { perSec: number; burst: number }): void;
}

/** Half of what the server takes is left to whatever else is asked over the connection. */
const SHARE = 0.5;

/** Spreads requests, so that what has gathered offline does not run into the server's limits. */
export function createPace(now: () => number): Pace {
  let everyMs = 0;
  let slackMs = 0;
  /** When the last one goes. */
  let lastAt = -Infinity;
  return {
    take() {
      lastAt = Math.max(lastAt + everyMs, now() - slackMs);
      return Math.max(0, lastAt - now());
    },
    reset({ perSec, burst }) {
      everyMs = perSec > 0 ? 1000 / (perSec * SHARE) : 0;
      slackMs = everyMs * burst * SHARE * SHARE;
      lastAt = -Infinity;
    },
  };
}
