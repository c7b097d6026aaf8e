/** Time, as an argument: tests put their own in its place. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `act` once after `ms`; the returned function calls it off. It does not keep the process alive. */
  after(ms: number, act: () => void): () => void;
}

/** Waits for `ms`. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

/** `setTimeout` fires after 1 ms for anything above 2^31 - 1: longer waits go in steps. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, act) {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number) => {
      const stepMs = Math.min(leftMs, MAX_TIMEOUT_MS);
      timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : act()), stepMs);
      timer.unref();
    };
    wait(Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};
