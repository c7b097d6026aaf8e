import { useEffect, useRef } from "preact/hooks";
import { type Connection, notify, type Session } from "../../index.ts";
import { ChatView } from "../chat/view.tsx";
import { useLive } from "../live.ts";
import { useAnnouncements } from "../notifications/announcements.tsx";
import { NotificationsView } from "../notifications/view.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ConnectionLine } from "./connection-line.tsx";
import { LazyMonitor } from "./lazy-monitor.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { Navigation } from "./navigation.tsx";
import { hrefOf, type Route, useRoute, type View } from "./route.ts";
import { useTitle } from "./title.ts";
import "./shell.css";

interface ShellProps {
  readonly connection: Connection;
  readonly onSignOut: () => void;
}

/** What is around the views wherever one is: the way to them, what is new in them, and how the connection is. */
export function Shell({ connection, onSignOut }: ShellProps) {
  const route = useRoute();
  const user = useUser(connection);
  const main = useFocusedMain(route.view);
  const notifications = useLive(connection.use(notify)).unread;
  const messages = useLive(connection.chat.rooms).rooms.reduce((sum, { unread }) => sum + unread, 0);
  const chatHref = useChatHref(route);
  useTitle(route.view, notifications, messages);
  useAnnouncements(connection);
  return (
    <div class="shell">
      <a
        class="shell-skip"
        href="#main"
        onClick={(event) => {
          // The hash is where one is, and is not to be changed for it.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to content
      </a>
      <ConnectionLine connection={connection} onSignOut={onSignOut} />
      <Navigation
        view={route.view}
        chatHref={chatHref}
        unread={{ chat: messages, notifications }}
        user={user}
        onSignOut={onSignOut}
      />
      <main id="main" class="shell-main" ref={main} tabIndex={-1}>
        <ErrorBoundary key={route.view}>
          <CurrentView route={route} connection={connection} user={user} />
        </ErrorBoundary>
      </main>
    </div>
  );
}

interface CurrentViewProps {
  readonly route: Route;
  readonly connection: Connection;
  readonly user: Session["user"] | undefined;
}

function CurrentView({ route, connection, user }: CurrentViewProps) {
  // Until the server has said who one is, for the first time.
  if (!user) return <EmptyState icon="clock" title="One moment …" />;
  if (route.view === "notifications") return <NotificationsView connection={connection} />;
  if (route.view === "monitor") return <LazyMonitor connection={connection} />;
  return <ChatView connection={connection} me={user} room={route.room} />;
}

/** Who one is, as was said last. */
function useUser(connection: Connection): Session["user"] | undefined {
  const { session } = useLive(connection);
  const last = useRef(session?.user);
  if (session) last.current = session.user;
  return last.current;
}

/** The way to the chat: back to the room that one came from; in the chat itself, to the list of rooms. */
function useChatHref(route: Route): string {
  const last = useRef<Route>({ view: "chat" });
  if (route.view === "chat") last.current = route;
  return hrefOf(route.view === "chat" ? { view: "chat" } : last.current);
}

/** Goes on in the view that was gone to, for who reads it by ear or keys; a view may have chosen a better place in itself. */
function useFocusedMain(view: View) {
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!main.current?.contains(document.activeElement)) main.current?.focus({ preventScroll: true });
  }, [view]);
  return main;
}
