import { useEffect, useRef, useState } from "preact/hooks";
import type { Connection } from "../../index.ts";
import { Button } from "../ui/button.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { wordsFor } from "../ui/words.ts";
import { useLive } from "../live.ts";
import "./connection-line.css";

/** A blink is not worth a word. */
const PATIENCE_MS = 1_000;
const BACK_MS = 2_500;

interface Line {
  readonly look: "waiting" | "refused" | "back";
  readonly icon: IconName;
  readonly text: string;
}

const OFFLINE: Line = {
  look: "waiting",
  icon: "offline",
  text: "You are offline. What you write is kept and sent when you are back.",
};
const NO_SERVER: Line = {
  look: "waiting",
  icon: "offline",
  text: "The server does not answer. It is tried again; what you write is kept and sent then.",
};
const RESTARTING: Line = {
  look: "waiting",
  icon: "retry",
  text: "The server is restarting. What you write is kept and sent in a moment.",
};
const CONNECTING: Line = { look: "waiting", icon: "retry", text: "Connecting …" };
const BACK: Line = { look: "back", icon: "check", text: "Back online" };

interface ConnectionLineProps {
  readonly connection: Connection;
  readonly onSignOut: () => void;
}

/** Says what is the matter with the connection, and what will happen; nothing while all is well. */
export function ConnectionLine({ connection, onSignOut }: ConnectionLineProps) {
  const line = useShown(useMatter(connection), useLive(connection).status === "open");
  return (
    <div class={line ? `connection-line is-${line.look}` : "connection-line"}>
      <div class="connection-line-inner">
        {/* Always there, so that what changes in it is read out. */}
        <p role="status">
          {line && <Icon name={line.icon} size={16} />}
          <span>{line?.text}</span>
        </p>
        {line?.look === "refused" && (
          <div class="connection-line-actions">
            <Button onClick={() => connection.reconnect()}>Try again</Button>
            <Button onClick={onSignOut}>Sign in again</Button>
          </div>
        )}
      </div>
    </div>
  );
}

function useMatter(connection: Connection): Line | undefined {
  const { status, session, failure } = useLive(connection);
  const isOnline = useOnline();
  if (status === "open" || status === "closed") return undefined;
  if (status === "refused")
    return {
      look: "refused",
      icon: "alert-circle",
      text: failure ? wordsFor(failure, { unauthorized: "You are signed out." }) : "You are not let in.",
    };
  if (!isOnline) return OFFLINE;
  if (status === "connecting" && !session) return CONNECTING;
  return failure?.code === "draining" ? RESTARTING : NO_SERVER;
}

/** What is shown of it: after a while, and its end for a moment. */
function useShown(matter: Line | undefined, isOpen: boolean): Line | undefined {
  const [shown, setShown] = useState<Line>();
  const wasOpen = useRef(false);
  useEffect(() => {
    if (matter) {
      const timer = setTimeout(() => setShown(matter), shown ? 0 : PATIENCE_MS);
      return () => clearTimeout(timer);
    }
    if (!shown) return;
    setShown(isOpen && wasOpen.current ? BACK : undefined);
    const timer = setTimeout(() => setShown(undefined), BACK_MS);
    return () => clearTimeout(timer);
  }, [matter?.text]);
  useEffect(() => {
    wasOpen.current ||= isOpen;
  }, [isOpen]);
  return shown;
}

/** What the browser knows of its network: no connection is certain, a connection is not. */
function useOnline(): boolean {
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const follow = () => setOnline(navigator.onLine);
    addEventListener("online", follow);
    addEventListener("offline", follow);
    return () => {
      removeEventListener("online", follow);
      removeEventListener("offline", follow);
    };
  }, []);
  return isOnline;
}
