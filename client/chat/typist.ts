import { after, clock } from "../clock.ts";

/** One's own typing. */
export interface Typist {
  set(typing: boolean): void;
  /** The others know nothing of it any more: the connection is another, or none. */
  stop(): void;
}

/** Well below the 15 s after which the others take it for ended. */
const AGAIN_MS = 8_000;
const IDLE_MS = 5_000;

/** Tells the others that one types: with the first key and now and then while it goes on, and when it has ended. */
export function createTypist(tell: (typing: boolean) => void): Typist {
  /** When they were told last; 0 where they know nothing of it. */
  let toldAt = 0;
  let callOff: (() => void) | undefined;

  function stop(): void {
    callOff?.();
    toldAt = 0;
  }

  function set(typing: boolean): void {
    callOff?.();
    if (typing) callOff = after(IDLE_MS, () => set(false));
    if (typing ? clock.now() - toldAt < AGAIN_MS : !toldAt) return;
    toldAt = typing ? clock.now() : 0;
    tell(typing);
  }

  return { set, stop };
}
