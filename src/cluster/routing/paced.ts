import { type Clock, pause } from "../../clock.ts";

/**
 * Does some work for whoever asks, one at a time and no more often than every `everyMs`. Resolves when a run is done that began after it
 * was asked for; all who ask meanwhile share it. The work must not reject.
 */
export function paced(work: () => Promise<void>, everyMs: number, clock: Clock): () => Promise<void> {
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();
  let begunAt = -Infinity;

  async function run(): Promise<void> {
    await last;
    const waitMs = Math.min(everyMs, begunAt + everyMs - clock.now());
    if (waitMs > 0) await pause(clock, waitMs);
    next = undefined;
    begunAt = clock.now();
    await (last = work());
  }
  return () => (next ??= run());
}
