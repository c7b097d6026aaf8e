import type { Clock } from "../../src/clock.ts";

/** One's own typing. */
export interface Typist {
  set(typing: boolean): void;
  /** The others know nothing of it any more: the connection is another, or none. */
  forget(): void;
}

/** Well below the 15 s after which the others take it for ended. */
const AGAIN_MS = 8_000;
const IDLE_MS = 5_000;

/** Tells the others that one types: with the first key and now and then while it goes on, and when it has ended. */
export function createTypist(clock: Clock, tell: (typing: boolean) => void): Typist {
  let toldAt: number | undefined;
  let callOff: (() => void) | undefined;

  function forget(): void {
    callOff?.();
    toldAt = undefined;
  }

  function set(typing: boolean): void {
    callOff?.();
    if (!typing) {
      if (toldAt !== undefined) tell(false);
      return forget();
    }
    callOff = clock.after(IDLE_MS, () => set(false));
    if (toldAt !== undefined && clock.now() - toldAt < AGAIN_MS) return;
    toldAt = clock.now();
    tell(true);
  }

  return { set, forget };
}
