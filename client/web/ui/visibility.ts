import { useEffect, useState } from "preact/hooks";

/** Whether nobody can see the page: its tab is in the background, or its window minimized. */
export function usePageHidden(): boolean {
  const [isHidden, setHidden] = useState(document.hidden);
  useEffect(() => {
    const follow = () => setHidden(document.hidden);
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => document.removeEventListener("visibilitychange", follow);
  }, []);
  return isHidden;
}
