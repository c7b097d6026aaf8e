const EVENTS = ["unhandledRejection", "uncaughtException"] as const;

/** Whatever would have ended the process since this was made; for as long as it stands, it does not. */
export interface Crashes extends Disposable {
  readonly seen: readonly unknown[];
}

export function watchCrashes(): Crashes {
  const seen: unknown[] = [];
  const note = (thrown: unknown) => seen.push(thrown);
  const others = EVENTS.map((event) => {
    const listeners = process.listeners(event as "uncaughtException");
    process.removeAllListeners(event).on(event, note);
    return { event, listeners };
  });
  return {
    seen,
    [Symbol.dispose]() {
      for (const { event, listeners } of others) {
        process.removeAllListeners(event);
        for (const listener of listeners) process.on(event, listener);
      }
    },
  };
}
