import { type FakeClock, fakeClock } from "../kit/clock.ts";

/** What the runtime's `setTimeout` can wait; what is longer is due at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Puts a clock in the place of the runtime's own, until the end of the scope: what runs in browsers is given none. */
export function takeTime(): FakeClock & Disposable {
  const clock = fakeClock();
  const { setTimeout, clearTimeout } = globalThis;
  const { now } = Date;
  const after = (act: () => void, ms = 0) => clock.after(ms > LONGEST_MS ? 1 : ms, act);
  globalThis.setTimeout = after as unknown as typeof setTimeout;
  globalThis.clearTimeout = (callOff: unknown) => (callOff as (() => void) | undefined)?.();
  Date.now = clock.now;
  return Object.defineProperty(clock, Symbol.dispose, {
    value() {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      Date.now = now;
    },
  }) as FakeClock & Disposable;
}

/** One for each test of a suite. */
export function useTime(): { readonly clock: FakeClock } {
  const time = {} as { clock: FakeClock & Disposable };
  beforeEach(() => void (time.clock = takeTime()));
  afterEach(() => time.clock[Symbol.dispose]());
  return time;
}
