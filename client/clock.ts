/** `setTimeout` fires at once for anything above 2^31 - 1: longer waits go in steps. */
const LONGEST_MS = 2 ** 31 - 1;

/** Runs `act` once after `ms`. @returns what calls it off */
export function after(ms: number, act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, LONGEST_MS);
    timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : act()), stepMs);
  };
  wait(ms);
  return () => clearTimeout(timer);
}
