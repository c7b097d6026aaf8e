const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 5;

/** Waits until `look` neither throws nor gives `false` or `undefined`. Fails with what it said last. */
export async function eventually<T>(look: () => T | Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
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
