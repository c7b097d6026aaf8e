import { useEffect } from "preact/hooks";
import { type Connection, type Notification, notify, type Notify } from "../../index.ts";
import { navigate } from "../shell/route.ts";
import { useToast } from "../ui/toasts.tsx";
import { showOnDesktop } from "./desktop.ts";
import { linkOf } from "./link.ts";
import { NotificationLink } from "./notification-link.tsx";

/** Tells of each new notification wherever one is: by a toast, or on the desktop while nobody sees the page. */
export function useAnnouncements(connection: Connection): void {
  const inbox = connection.use(notify);
  const show = useToast();
  useEffect(() => {
    const shown = new Map<string, () => void>();
    const announce = (notification: Notification): void => {
      if (notification.read) return;
      const isOnDesktop = document.hidden && showOnDesktop(notification, () => open(inbox, notification));
      // What is critical is also here when one comes back.
      if (isOnDesktop && notification.level !== "critical") return;
      shown.set(notification.id, show(toastOf(inbox, notification)));
    };
    /** What was read or archived meanwhile, perhaps on another device, needs no announcement. */
    const settle = (): void => {
      const unread = new Set(inbox.getSnapshot().notifications.flatMap(({ id, read }) => (read ? [] : [id])));
      for (const [id, dismiss] of shown) {
        if (unread.has(id)) continue;
        dismiss();
        shown.delete(id);
      }
    };
    const ends = [inbox.listen(announce), inbox.subscribe(settle)];
    return () => {
      for (const end of ends) end();
      for (const dismiss of shown.values()) dismiss();
    };
  }, [inbox, show]);
}

function toastOf(inbox: Notify, notification: Notification) {
  const { level, title, body, url } = notification;
  const link = linkOf(url);
  return {
    level,
    title,
    body,
    stays: level === "critical",
    ...(link && {
      action: (
        <NotificationLink link={link} onClick={() => markRead(inbox, notification)}>
          Open
        </NotificationLink>
      ),
    }),
  };
}

/** Goes where it leads, or to where it stands. */
function open(inbox: Notify, notification: Notification): void {
  const link = linkOf(notification.url);
  markRead(inbox, notification);
  if (!link) navigate({ view: "notifications" });
  else if (link.isInside) location.assign(link.href);
  else window.open(link.href, "_blank", "noopener");
}

/** Nothing is lost where that fails: it stays unread. */
function markRead(inbox: Notify, { id }: Notification): void {
  inbox.markRead([id]).catch(() => {});
}
