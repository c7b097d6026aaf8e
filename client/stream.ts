import { ownError } from "./failure.ts";
import { createListeners } from "./live.ts";

/** What happens, told to listeners and to readers. */
export interface Stream<T> extends AsyncIterable<T, undefined> {
  tell(value: T): void;
  /** @returns what ends it, at once */
  listen(hear: (value: T) => void): () => void;
  /** Nothing is told any more: listeners are let go, readers come to their end after what waits for them. */
  end(): void;
}

/** What may wait for a reader before it is given up: memory must not be the price of somebody's slowness. */
const MOST_WAITING = 10_000;

/** A stream of values. A reader gets what is told from its beginning on, not from its first `next`. */
export function createStream<T>(): Stream<T> {
  const listeners = createListeners<[T]>();
  const ends = createListeners();
  let isOver = false;
  return {
    tell: listeners.tell,
    listen: listeners.add,
    [Symbol.asyncIterator]() {
      const waiting: T[] = [];
      let wake: (() => void) | undefined;
      const release = [listeners.add(take), ends.add(() => wake?.())];
      function take(value: T): void {
        waiting.push(value);
        if (waiting.length > MOST_WAITING) end();
        wake?.();
      }
      function end(): void {
        for (const act of release) act();
      }
      return (async function* read(): AsyncGenerator<T, undefined> {
        try {
          for (;;) {
            if (waiting.length > MOST_WAITING) throw ownError("slow_consumer");
            if (waiting.length > 0) yield waiting.shift() as T;
            else if (isOver) return;
            else await new Promise<void>((resolve) => (wake = resolve));
          }
        } finally {
          end();
        }
      })();
    },
    end() {
      isOver = true;
      ends.tell();
      listeners.clear();
    },
  };
}
