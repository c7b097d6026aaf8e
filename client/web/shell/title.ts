import { useEffect, useState } from "preact/hooks";
import { createFavicon } from "./favicon.ts";
import type { View } from "./route.ts";

export const VIEW_NAMES: Record<View, string> = { chat: "Chat", notifications: "Notifications", monitor: "Monitor" };

/** The page's title and icon: how many notifications are unread, or a dot where it is messages alone. */
export function useTitle(view: View, notifications: number, messages: number): void {
  const [favicon] = useState(createFavicon);
  const mark = notifications > 0 ? notifications : messages > 0 ? "dot" : 0;
  useEffect(() => {
    const before = mark === "dot" ? "• " : mark > 0 ? `(${mark}) ` : "";
    document.title = `${before}${VIEW_NAMES[view]} · Carillon`;
    favicon.show(mark);
  }, [view, mark]);
  useEffect(
    () => () => {
      document.title = "Carillon";
      favicon.show(0);
    },
    [],
  );
}
