import type { Clock } from "../../src/clock.ts";
import type { Failure } from "../../src/protocol/errors.ts";

/** One may not write, until then (epoch milliseconds) where it has an end. */
export interface Muted {
  readonly untilAt?: number;
}

/** Whether one may write: as far as was told, and as refusals show. */
export interface Mute {
  readonly muted: Muted | undefined;
  /** `untilAt`: as in `Muted`. */
  set(isMuted: boolean, untilAt?: number): void;
  /** What a request was refused with, whatever that is. */
  learn(failure: Failure): void;
}

/** What `setTimeout` can wait. Whoever is muted for longer learns it again when he writes. */
const LONGEST_MS = 2 ** 31 - 1;

export function createMute(clock: Clock, changed: () => void): Mute {
  let muted: Muted | undefined;
  let callOff: (() => void) | undefined;

  function set(isMuted: boolean, untilAt?: number): void {
    callOff?.();
    muted = isMuted ? { ...(untilAt !== undefined && { untilAt }) } : undefined;
    // Nobody tells when it has run out.
    if (untilAt !== undefined) callOff = clock.after(Math.min(untilAt - clock.now(), LONGEST_MS), () => set(false));
    changed();
  }

  return {
    get muted() {
      return muted;
    },
    set,
    learn({ code, details }) {
      const { untilAt } = details ?? {};
      if (code === "muted") set(true, typeof untilAt === "number" ? untilAt : undefined);
    },
  };
}
