import { useEffect, useState } from "preact/hooks";

const EVENTS = ["focus", "blur"] as const;

/** Whether somebody looks at the page: it can be seen, and has the focus. */
export function useIsLookedAt(): boolean {
  const [isLookedAt, setLookedAt] = useState(look);
  useEffect(() => {
    const follow = () => setLookedAt(look());
    follow();
    for (const event of EVENTS) addEventListener(event, follow);
    document.addEventListener("visibilitychange", follow);
    return () => {
      for (const event of EVENTS) removeEventListener(event, follow);
      document.removeEventListener("visibilitychange", follow);
    };
  }, []);
  return isLookedAt;
}

/** Whether a media query holds. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const follow = () => setHolds(media.matches);
    follow();
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, [query]);
  return holds;
}

function look(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
