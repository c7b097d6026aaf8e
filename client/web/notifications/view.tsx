import { useEffect, useState } from "preact/hooks";
import { type Connection, notify, type Notify } from "../../index.ts";
import { useLive } from "../live.ts";
import { Button, IconButton, Segmented } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { useAttempt } from "../ui/toasts.tsx";
import { wordsFor } from "../ui/words.ts";
import { Help } from "./help.tsx";
import { type Filter, Inbox } from "./inbox.tsx";
import { pressed } from "./keys.ts";
import { Settings } from "./settings.tsx";
import "./notifications.css";

const FILTERS = [
  { value: "all", label: "All" },
  { value: "unread", label: "Unread" },
] as const satisfies readonly { value: Filter; label: string }[];

/** One's inbox, and what goes into it. */
export function NotificationsView({ connection }: { readonly connection: Connection }) {
  const inbox = connection.use(notify);
  const { status, failure, notifications } = useLive(inbox);
  const [open, setOpen] = useState<"help" | "settings">();
  const [filter, setFilter] = useState<Filter>("all");
  const close = () => setOpen(undefined);
  useEffect(() => {
    const press = (event: KeyboardEvent) => pressed(event, () => setOpen("help"));
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  return (
    <section class="notifications" aria-labelledby="notifications-title">
      <Header inbox={inbox} show={setOpen} />
      <div class="notifications-list">
        <Toolbar inbox={inbox} filter={filter} onFilter={setFilter} />
        <div class="inbox" tabIndex={-1}>
          {status === "refused" && notifications.length === 0 ? (
            <EmptyState icon="lock" title="The inbox is closed to you">
              {failure && <p>{wordsFor(failure, { unauthorized: "You are signed out." })}</p>}
            </EmptyState>
          ) : (
            // Each filter begins anew.
            <Inbox key={filter} inbox={inbox} filter={filter} />
          )}
        </div>
      </div>
      <aside aria-label="Notification settings">
        <Settings inbox={inbox} />
      </aside>
      {open === "help" && <Help onClose={close} />}
      {open === "settings" && (
        <Dialog title="Notification settings" onClose={close}>
          <Settings inbox={inbox} />
        </Dialog>
      )}
    </section>
  );
}

interface HeaderProps {
  readonly inbox: Notify;
  readonly show: (what: "help" | "settings") => void;
}

function Header({ inbox, show }: HeaderProps) {
  const { unread } = useLive(inbox);
  return (
    <header class="notifications-header">
      <h1 id="notifications-title">Notifications</h1>
      <p class="tabular">{unread > 0 && `${unread} unread`}</p>
      <IconButton class="notifications-keys" icon="help" label="Keys (?)" onClick={() => show("help")} />
      <IconButton class="notifications-more" icon="settings" label="Settings" onClick={() => show("settings")} />
    </header>
  );
}

interface ToolbarProps {
  readonly inbox: Notify;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

function Toolbar({ inbox, filter, onFilter }: ToolbarProps) {
  const { unread } = useLive(inbox);
  const attempt = useAttempt();
  return (
    <div class="notifications-toolbar">
      <Segmented label="Show" options={FILTERS} value={filter} onChange={onFilter} />
      <Button
        look="quiet"
        icon="check-all"
        disabled={unread === 0}
        onClick={() => void attempt(() => inbox.markRead("all"))}
      >
        Mark all as read
      </Button>
    </div>
  );
}
