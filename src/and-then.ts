/** Whether there is something to wait for. A hook of an embedder's may give any promise back. */
export const isThenable = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";

/**
 * Goes on with a value: at once where it is there. An `await` would put the rest off even then, and make a promise of it, which is
 * felt where it is done for every request.
 */
export function andThen<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return isThenable(value) ? value.then(next) : next(value);
}
