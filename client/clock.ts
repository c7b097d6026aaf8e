/** The runtime's own time, in one place, so that tests can put theirs in its place without touching anybody else's. */
export const clock = {
  /** Epoch milliseconds. */
  now: () => Date.now(),
  setTimeout: (act: () => void, ms: number): unknown => setTimeout(act, ms),
  clearTimeout: (timer: unknown) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/** `setTimeout` fires at once for anything above 2^31 - 1: longer waits go in steps. */
const LONGEST_MS = 2 ** 31 - 1;

/** Runs `act` once after `ms`. @returns what calls it off */
export function after(ms: number, act: () => void): () => void {
  let timer: unknown;
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, LONGEST_MS);
    timer = clock.setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : act()), stepMs);
  };
  wait(ms);
  return () => clock.clearTimeout(timer);
}
