import type { Live, Notification } from "../../index.ts";
import { createValue } from "../live.ts";
import { kept } from "../shell/storage.ts";

/** `blocked`: the browser was told to ask no more. `unsupported`: it has none, or not for a page like this. */
export type DesktopState = "on" | "off" | "blocked" | "unsupported";

const keptChoice = kept("desktop", "browser");
const state = createValue(read());

/** Whether notifications are shown outside of the page, while nobody can see it. */
export const desktop: Live<DesktopState> = state;

/** Turns it on or off. To be called by a click: the browser asks, and asks only then. */
export async function toggleDesktop(): Promise<void> {
  if (read() === "on") keptChoice.write(undefined);
  else if ((await globalThis.Notification.requestPermission()) === "granted") keptChoice.write("on");
  state.set(read());
}

/** Shows one, if that is wanted. @returns whether it is shown */
export function showOnDesktop({ id, title, body, level }: Notification, clicked: () => void): boolean {
  if (read() !== "on") return false;
  try {
    // The tag keeps several tabs from showing it several times.
    const shown = new globalThis.Notification(title, {
      tag: id,
      ...(body !== undefined && { body }),
      requireInteraction: level === "critical",
    });
    shown.addEventListener("click", () => {
      window.focus();
      clicked();
      shown.close();
    });
    return true;
  } catch {
    // Some phones have the name, and let only service workers use it.
    state.set("unsupported");
    return false;
  }
}

function read(): DesktopState {
  if (!("Notification" in globalThis) || !isSecureContext) return "unsupported";
  const { permission } = globalThis.Notification;
  if (permission === "denied") return "blocked";
  return permission === "granted" && keptChoice.read() === "on" ? "on" : "off";
}
