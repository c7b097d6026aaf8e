/**
 * A value that changes, in the form that every UI framework takes (React's `useSyncExternalStore`, Svelte's and Vue's stores, signals).
 * Both methods may be passed on without their object.
 */
export interface Live<T> {
  /** The value now. Never changed in place: another object means another value, the same one the same. */
  readonly getSnapshot: () => T;
  /** Tells of changes, once for all that come in one turn. @returns what ends it. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** A live value, from the side of whoever changes it. */
export interface Source<T> extends Live<T> {
  /** What it is built of has changed. */
  readonly changed: () => void;
}

/** A live value that is built of something else, and only when somebody looks. */
export function createLive<T>(build: () => T): Source<T> {
  const listeners = new Set<() => void>();
  let value: T;
  let isStale = true;
  let isTelling = false;
  const tell = () => {
    isTelling = false;
    for (const listener of [...listeners]) listener();
  };
  return {
    getSnapshot() {
      if (isStale) value = build();
      isStale = false;
      return value;
    },
    subscribe(listener) {
      // One's own, so that a listener that is given twice is told twice, and let go once.
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    changed() {
      isStale = true;
      if (isTelling || listeners.size === 0) return;
      isTelling = true;
      queueMicrotask(tell);
    },
  };
}
