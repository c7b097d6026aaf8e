import type { ComponentChildren } from "preact";
import { Icon } from "../ui/icon.tsx";
import type { Link } from "./link.ts";

interface NotificationLinkProps {
  readonly link: Link;
  readonly onClick?: () => void;
  readonly tabIndex?: number | undefined;
  readonly children: ComponentChildren;
}

/** Leads where a notification points: in a tab of its own, unless it stays in this page. */
export function NotificationLink({ link, children, ...native }: NotificationLinkProps) {
  const elsewhere = link.isInside ? {} : { target: "_blank", rel: "noopener noreferrer" };
  return (
    <a {...native} {...elsewhere} class="notification-link" href={link.href}>
      {children}
      {!link.isInside && (
        <>
          <Icon name="external" size={14} />
          <span class="unseen"> (in a new tab)</span>
        </>
      )}
    </a>
  );
}
