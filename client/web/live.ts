import { useEffect, useState } from "preact/hooks";
import type { Live } from "../index.ts";

/** A live value's snapshot, in a component that is drawn anew when it changes. */
export function useLive<T>(live: Live<T>): T {
  const snapshot = live.getSnapshot();
  const [, setSnapshot] = useState(snapshot);
  useEffect(() => {
    const follow = () => setSnapshot(() => live.getSnapshot());
    // It may have changed since it was drawn.
    follow();
    return live.subscribe(follow);
  }, [live]);
  return snapshot;
}

/** A live value that is simply set. */
export interface Value<T> extends Live<T> {
  readonly set: (value: T) => void;
}

export function createValue<T>(initial: T): Value<T> {
  const listeners = new Set<() => void>();
  let value = initial;
  return {
    getSnapshot: () => value,
    subscribe(listener) {
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
  };
}
