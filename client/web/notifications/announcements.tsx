import { useEffect } from "preact/hooks";
import type { Connection, Notification, Notify } from "../../index.ts";
import { navigate } from "../shell/route.ts";
import { useToast } from "../ui/toasts.tsx";
import { showOnDesktop } from "./desktop.ts";
import { linkOf } from "./link.ts";
import { NotificationLink } from "./notification-link.tsx";

/** Tells of each new notification wherever one is: by a toast, or on the desktop while nobody sees the page. */
export function useAnnouncements({ notify }: Connection): void {
  const show = useToast();
  useEffect(() => {
    const shown = new Map<string, () => void>();
    const announce = (notification: Notification): void => {
      if (notification.read) return;
      const isOnDesktop = document.hidden && showOnDesktop(notification, () => open(notify, notification));
      // What is critical is also here when one comes back.
      if (isOnDesktop && notification.level !== "critical") return;
      shown.set(notification.id, show(toastOf(notify, notification)));
    };
    /** What was read or archived meanwhile, perhaps on another device, needs no announcement. */
    const settle = (): void => {
      const unread = new Set(notify.getSnapshot().notifications.flatMap(({ id, read }) => (read ? [] : [id])));
      for (const [id, dismiss] of shown) {
        if (unread.has(id)) continue;
        dismiss();
        shown.delete(id);
      }
    };
    const ends = [notify.listen(announce), notify.subscribe(settle)];
    return () => {
      for (const end of ends) end();
      for (const dismiss of shown.values()) dismiss();
    };
  }, [notify, show]);
}

function toastOf(notify: Notify, notification: Notification) {
  const { level, title, body, url } = notification;
  const link = linkOf(url);
  return {
    level,
    title,
    body,
    stays: level === "critical",
    ...(link && {
      action: (
        <NotificationLink link={link} onClick={() => markRead(notify, notification)}>
          Open
        </NotificationLink>
      ),
    }),
  };
}

/** Goes where it leads, or to where it stands. */
function open(notify: Notify, notification: Notification): void {
  const link = linkOf(notification.url);
  markRead(notify, notification);
  if (!link) navigate({ view: "notifications" });
  else if (link.isInside) location.assign(link.href);
  else window.open(link.href, "_blank", "noopener");
}

/** Nothing is lost where that fails: it stays unread. */
function markRead(notify: Notify, { id }: Notification): void {
  notify.markRead([id]).catch(() => {});
}
