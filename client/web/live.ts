import { useEffect, useState } from "preact/hooks";
import type { Live } from "../index.ts";

/** A live value's snapshot, in a component that is drawn anew when it changes. */
export function useLive<T>(live: Live<T>): T {
  const [, drawAgain] = useState({});
  useEffect(() => {
    drawAgain({});
    return live.subscribe(() => drawAgain({}));
  }, [live]);
  return live.getSnapshot();
}
