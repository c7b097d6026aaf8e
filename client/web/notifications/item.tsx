import { useId, useState } from "preact/hooks";
import type { Notification } from "../../index.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { LevelIcon } from "../ui/level.tsx";
import { Time } from "../ui/time.tsx";
import { linkOf } from "./link.ts";
import { NotificationLink } from "./notification-link.tsx";

interface ItemProps {
  readonly notification: Notification;
  /** It is the one of the list that the Tab key comes to. */
  readonly isCurrent: boolean;
  readonly onFocus: (id: string) => void;
  readonly onRead: (id: string) => void;
  readonly onArchive: (id: string) => void;
}

/** One notification in the list. A click anywhere on it reads it. */
export function Item({ notification, isCurrent, onFocus, onRead, onArchive }: ItemProps) {
  const { id, title, body, level, at, topic, url, read } = notification;
  const [isUnfolded, setUnfolded] = useState(false);
  const titleId = useId();
  const link = linkOf(url);
  const canUnfold = body !== undefined && (body.length > 200 || body.split("\n").length > 2);
  const tabIndex = isCurrent ? 0 : -1;
  const press = () => {
    if (canUnfold) setUnfolded(!isUnfolded);
    if (!read) onRead(id);
  };
  return (
    <li class={read ? "notification" : "notification is-unread"} data-id={id} onFocusIn={() => onFocus(id)}>
      <LevelIcon level={level} />
      <div class="notification-text">
        <button
          type="button"
          id={titleId}
          class="notification-title"
          dir="auto"
          tabIndex={tabIndex}
          aria-expanded={canUnfold ? isUnfolded : undefined}
          onClick={press}
        >
          {/* Told apart, or it would decide the direction of the title. */}
          {!read && <bdi class="unseen">New: </bdi>}
          {title}
          {!read && <span class="notification-dot" />}
        </button>
        {body !== undefined && (
          <p class={isUnfolded ? "notification-body is-unfolded" : "notification-body"} dir="auto">
            {body}
          </p>
        )}
        <p class="notification-facts">
          <Time at={at} />
          {topic !== undefined && (
            <span class="notification-topic">
              <Icon name="topic" size={14} />
              {topic}
            </span>
          )}
          {link && (
            <NotificationLink link={link} tabIndex={tabIndex} onClick={() => !read && onRead(id)}>
              <span class="notification-link-text">{link.text}</span>
            </NotificationLink>
          )}
        </p>
      </div>
      <IconButton
        icon="archive"
        label="Archive"
        aria-describedby={titleId}
        tabIndex={tabIndex}
        onClick={() => onArchive(id)}
      />
    </li>
  );
}
