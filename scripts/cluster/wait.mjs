import { setTimeout as sleep } from "node:timers/promises";

const LOOK_EVERY_MS = 50;

/** Looks until there is something to see, and gives that; `undefined` after `timeoutMs`. Ends with the signal's reason. */
export async function until(look, { timeoutMs, signal, everyMs = LOOK_EVERY_MS }) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > deadline) return undefined;
    // Its own error says less than the reason.
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}
