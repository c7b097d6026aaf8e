import type { Notify } from "../../index.ts";
import { useLive } from "../live.ts";
import { Button } from "../ui/button.tsx";
import { desktop, type DesktopState, toggleDesktop } from "./desktop.ts";
import { Topics } from "./topics.tsx";

const WORDS: Record<DesktopState, string> = {
  on: "While this page is out of sight, new ones are shown on your desktop.",
  off: "Be told of new ones while this page is out of sight. Your browser will ask you.",
  blocked: "Your browser blocks them for this site. Allow them in its settings of this page.",
  unsupported: "This browser has none, or none for this page.",
};

/** What one gets, and how one is told of it. */
export function Settings({ inbox }: { readonly inbox: Notify }) {
  const state = useLive(desktop);
  const isPossible = state === "on" || state === "off";
  return (
    <div class="notification-settings">
      <Topics inbox={inbox} />
      <section aria-label="On the desktop">
        <h2>On the desktop</h2>
        <p class="notification-settings-words">{WORDS[state]}</p>
        <Button
          icon={state === "on" ? "check" : "bell"}
          aria-pressed={state === "on"}
          disabled={!isPossible}
          onClick={() => void toggleDesktop()}
        >
          Desktop notifications
        </Button>
      </section>
    </div>
  );
}
