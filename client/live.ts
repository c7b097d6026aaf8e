/**
 * A value that changes, in the form that every UI framework takes (React's `useSyncExternalStore`, Svelte's and Vue's stores, signals).
 * Both methods may be passed on without their object.
 */
export interface Live<T> {
  /** The value now. Never changed in place: another object means another value, the same one the same. */
  readonly getSnapshot: () => T;
  /**
   * Tells of changes, once for all that come in one turn. What a listener throws silences no other; it is reported as any uncaught error.
   * @returns what ends it, at once
   */
  readonly subscribe: (listener: () => void) => () => void;
}

/** A live value, from the side of whoever changes it. */
export interface Source<T> extends Live<T> {
  /** What it is built of has changed. */
  readonly changed: () => void;
}

/** Those who listen to something. */
export interface Listeners<Heard extends unknown[]> {
  /** @returns what ends it, at once */
  add(listener: (...heard: Heard) => void): () => void;
  tell(...heard: Heard): void;
  clear(): void;
}

/** Nobody, at first. Whoever listens twice is told twice; whoever throws is reported as an uncaught error, when the others were told. */
export function createListeners<Heard extends unknown[]>(): Listeners<Heard> {
  const all = new Set<(...heard: Heard) => void>();
  return {
    add(listener) {
      const own = (...heard: Heard) => listener(...heard);
      all.add(own);
      return () => void all.delete(own);
    },
    tell(...heard) {
      const round = [...all];
      for (const listener of round) {
        try {
          // Another one may have let it go meanwhile.
          if (all.has(listener)) listener(...heard);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
    clear: () => all.clear(),
  };
}

/** A live value that is built of something else, and only when somebody looks. */
export function createLive<T extends object>(build: () => T): Source<T> {
  const listeners = createListeners();
  let value: T | undefined;
  let isTelling = false;
  return {
    getSnapshot: () => (value ??= build()),
    subscribe: listeners.add,
    changed() {
      value = undefined;
      if (isTelling) return;
      isTelling = true;
      queueMicrotask(() => {
        isTelling = false;
        listeners.tell();
      });
    },
  };
}
