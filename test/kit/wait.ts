const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 5;

/** Waits until `look` neither throws nor gives `false` or `undefined`. Fails with what it said last. */
export async function eventually<T>(
  look: () => T | false | undefined | Promise<T | false | undefined>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    let last: unknown;
    try {
      const seen = await look();
      if (seen !== false && seen !== undefined) return seen;
      last = new Error(`It never came to be: ${look.toString()}`);
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw last;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Lets so many turns of the event loop pass: enough for all that waits for nothing from outside to happen, if it is going to. */
export async function turns(count = 10): Promise<void> {
  for (let left = count; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
}
