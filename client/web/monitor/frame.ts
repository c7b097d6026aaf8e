import { useEffect, useState } from "preact/hooks";
import type { Live } from "../../index.ts";

/** What of a frame's 16 ms may go to this page's own drawing; the rest is the browser's. */
const BUDGET_MS = 6;

const due = new Set<() => void>();
let isAsked = false;

/**
 * Does something before the next picture, once, however often it is asked for; what there is no time left for comes with the picture after.
 * While the page is hidden there are no pictures, and it waits.
 */
export function inFrame(act: () => void): void {
  due.add(act);
  ask();
}

/** Calls it off. */
export function notInFrame(act: () => void): void {
  due.delete(act);
}

function ask(): void {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(run);
}

function run(): void {
  isAsked = false;
  const endsAt = performance.now() + BUDGET_MS;
  for (const act of due) {
    due.delete(act);
    act();
    if (performance.now() > endsAt) break;
  }
  if (due.size > 0) ask();
}

/** A live value's snapshot, in a component that is drawn anew when it changes, but at most once a picture. */
export function useFramed<T>(live: Live<T>): T {
  const [snapshot, setSnapshot] = useState(live.getSnapshot);
  useEffect(() => {
    const show = () => setSnapshot(live.getSnapshot());
    show();
    const end = live.subscribe(() => inFrame(show));
    return () => {
      end();
      notInFrame(show);
    };
  }, [live]);
  return snapshot;
}
