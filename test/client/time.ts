import { clock as runtime } from "../../client/clock.ts";
import { type FakeClock, fakeClock } from "../kit/clock.ts";

/** What the runtime's `setTimeout` can wait; what is longer is due at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Puts a clock in the place of the client's, until the end of the scope: whoever makes a client gives it none. */
export function takeTime(): FakeClock & Disposable {
  const clock = fakeClock();
  const before = { ...runtime };
  Object.assign(runtime, {
    now: () => clock.now(),
    setTimeout: (act: () => void, ms: number) => clock.after(ms > LONGEST_MS ? 1 : ms, act),
    clearTimeout: (callOff: (() => void) | undefined) => callOff?.(),
  });
  return Object.defineProperty(clock, Symbol.dispose, {
    value: () => void Object.assign(runtime, before),
  }) as FakeClock & Disposable;
}

/** One for each test of a suite. */
export function useTime(): { readonly clock: FakeClock } {
  const time = {} as { clock: FakeClock & Disposable };
  beforeEach(() => void (time.clock = takeTime()));
  afterEach(() => time.clock[Symbol.dispose]());
  return time;
}
