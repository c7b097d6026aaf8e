import type { Clock } from "./clock.ts";
import { CarillonError, type ErrorCode } from "./protocol/errors.ts";

/**
 * Waits for `work` for at most `ms`, then refuses with `code`. What `work` throws, at once or later, comes out as it is;
 * what it throws after the deadline is swallowed, since nobody waits for it any more.
 */
export function within<T>(
  clock: Clock,
  ms: number,
  work: () => T | Promise<T>,
  code: ErrorCode = "timeout",
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new CarillonError(code)));
    void new Promise<T>((settle) => settle(work())).then(
      (value) => {
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
