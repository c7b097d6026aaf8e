import { isThenable } from "./and-then.ts";
import type { Clock } from "./clock.ts";
import { CarillonError, type ErrorCode } from "./protocol/errors.ts";

/**
 * Waits for `work` for at most `ms`, then refuses with `code`. What `work` throws, at once or later, comes out as it is; what comes of it
 * after the deadline goes to `late`, and what it throws then is swallowed, since nobody waits for it any more.
 */
export function within<T>(
  clock: Clock,
  ms: number,
  work: () => T | Promise<T>,
  code: ErrorCode = "timeout",
  late?: (value: T) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    // It may throw, and it may be done: neither needs a timer.
    const working = work();
    if (!isThenable(working)) return resolve(working);
    let isLate = false;
    const cancel = clock.after(ms, () => {
      isLate = true;
      reject(new CarillonError(code));
    });
    working.then(
      (value) => {
        if (isLate) return late?.(value);
        cancel();
        resolve(value);
      },
      (thrown: unknown) => {
        cancel();
        reject(thrown);
      },
    );
  });
}
