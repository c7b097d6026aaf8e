import { ownFailure, RequestError } from "./failure.ts";
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
    listen: (hear) => (isOver ? () => {} : listeners.add(hear)),
    [Symbol.asyncIterator]() {
      const reader = createReader<T>();
      if (isOver) reader.end();
      else reader.ended(listeners.add(reader.take), ends.add(reader.end));
      return reader;
    },
    end() {
      isOver = true;
      ends.tell();
      listeners.clear();
    },
  };
}

type Result<T> = IteratorResult<T, undefined>;

interface Reader<T> extends AsyncIterator<T, undefined> {
  take(value: T): void;
  end(): void;
  /** What is to be done when it has come to its end, however that is. */
  ended(...acts: readonly (() => void)[]): void;
}

function createReader<T>(): Reader<T> {
  const waiting: Result<T>[] = [];
  const asked: ((result: Result<T>) => void)[] = [];
  const over: Result<T> = { done: true, value: undefined };
  let release: readonly (() => void)[] = [];
  let isOver = false;
  let isSlow = false;

  function end(): void {
    isOver = true;
    for (const act of release) act();
    for (const give of asked.splice(0)) give(over);
  }

  return {
    end,
    ended(...acts) {
      release = acts;
    },
    take(value) {
      const result = { done: false, value } as const;
      const give = asked.shift();
      if (give) return give(result);
      if (waiting.push(result) <= MOST_WAITING) return;
      isSlow = true;
      waiting.length = 0;
      end();
    },
    next() {
      const result = waiting.shift();
      if (result) return Promise.resolve(result);
      if (isSlow) {
        isSlow = false;
        return Promise.reject(new RequestError(ownFailure("slow_consumer")));
      }
      return isOver ? Promise.resolve(over) : new Promise((resolve) => asked.push(resolve));
    },
    return() {
      waiting.length = 0;
      isSlow = false;
      end();
      return Promise.resolve(over);
    },
  };
}
