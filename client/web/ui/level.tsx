import type { Notification } from "../../index.ts";
import { Icon, type IconName } from "./icon.tsx";
import "./level.css";

export type Level = Notification["level"];

/** Each has a shape and a word of its own: its colour is never all that tells it. */
const LEVELS: Record<Level, { readonly icon: IconName; readonly word: string }> = {
  info: { icon: "info", word: "Information" },
  success: { icon: "check-circle", word: "Success" },
  warning: { icon: "alert-triangle", word: "Warning" },
  critical: { icon: "alert-octagon", word: "Critical" },
};

/** How much something matters, as an icon with its word for who cannot see it. */
export function LevelIcon({ level, size = 20 }: { readonly level: Level; readonly size?: number }) {
  const { icon, word } = LEVELS[level];
  return (
    <span class={`level level-${level}`} title={word}>
      <Icon name={icon} size={size} />
      <span class="unseen">{word}: </span>
    </span>
  );
}
