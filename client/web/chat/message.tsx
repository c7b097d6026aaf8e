import type { Entry, Outgoing } from "../../index.ts";
import { Avatar, hueOf } from "../ui/avatar.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { classOf } from "../ui/class.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { isMentioned, Quote, Text } from "./message-text.tsx";
import type { MessageRow, OutgoingRow } from "./rows.ts";
import type { Called } from "./text.ts";
import { clockOf, momentOf, whyNotSent } from "./words.ts";

/** What can be done with messages, and what is known around them. */
export interface Around {
  readonly me: { readonly id: string; readonly name: string };
  readonly called: Called;
  readonly mayDelete: (entry: Entry) => boolean;
  readonly mayWrite: boolean;
  readonly isOffline: boolean;
  /** The message at a `seq`, where it is loaded. */
  find(seq: number): Entry | undefined;
  /** Whether somebody else has read it. */
  isSeen(entry: Entry): boolean;
  reply(entry: Entry): void;
  edit(entry: Entry): void;
  remove(entry: Entry): void;
  show(entry: Entry): void;
  /** Shows what can be done about an author. */
  showAuthor(author: Entry["from"], anchor: HTMLElement): void;
  retry(message: Outgoing): void;
  discard(message: Outgoing): void;
}

/** A message that is stored. */
export function MessageItem({ row, around }: { readonly row: MessageRow; readonly around: Around }) {
  const { entry, isFirst } = row;
  const { from, at, editedAt, deletedAt } = entry;
  const isOwn = from.id === around.me.id;
  const isDeleted = deletedAt !== undefined;
  const isToMe = !isDeleted && isMentioned(entry.text ?? "", around);
  return (
    <article
      class={classOf({ message: true, "is-first": isFirst, "is-to-me": isToMe })}
      data-key={row.key}
      tabIndex={-1}
    >
      <Author from={from} at={at} isFirst={isFirst} showMenu={(anchor) => around.showAuthor(from, anchor)} />
      <div class="message-body">
        {entry.replyTo !== undefined && !isDeleted && <Quote of={around.find(entry.replyTo)} around={around} />}
        {isDeleted ? (
          <p class="message-text is-deleted">Message deleted</p>
        ) : (
          <div class={editedAt === undefined ? undefined : "is-edited"} dir="auto">
            <Text text={entry.text ?? ""} about={entry} around={around} />
            {editedAt !== undefined && (
              <span class="message-edited" title={momentOf(editedAt)}>
                edited
              </span>
            )}
          </div>
        )}
      </div>
      {isOwn && !isDeleted && <Sent isSeen={around.isSeen(entry)} />}
      {!isDeleted && <Actions entry={entry} isOwn={isOwn} around={around} />}
    </article>
  );
}

/** A message of one's own that is not in the log yet. */
export function OutgoingItem({ row, around }: { readonly row: OutgoingRow; readonly around: Around }) {
  const { message, isFirst } = row;
  const { state, failure, replyTo } = message;
  return (
    <article
      class={classOf({ message: true, "is-first": isFirst, [`is-${state}`]: true })}
      data-key={row.key}
      tabIndex={-1}
    >
      <Author from={around.me} at={message.createdAt} isFirst={isFirst} />
      <div class="message-body">
        {replyTo !== undefined && <Quote of={around.find(replyTo)} around={around} />}
        <Text text={message.text} about={message} around={around} />
        {state === "failed" && (
          <div class="message-failure">
            <Icon name="alert-circle" size={16} />
            <span>Not sent. {failure && whyNotSent(failure)}</span>
            <span class="message-choices">
              <Button look="quiet" onClick={() => around.retry(message)}>
                Retry
              </Button>
              <Button look="quiet" onClick={() => around.discard(message)}>
                Discard
              </Button>
            </span>
          </div>
        )}
      </div>
      {state === "sent" && <Sent isSeen={false} />}
      {state === "pending" && (
        <State icon="clock" label={around.isOffline ? "Pending: it is sent when the connection is back" : "Pending"} />
      )}
      {state === "pending" && around.isOffline && (
        <div class="message-actions">
          <IconButton icon="trash" label="Discard" size={18} tabIndex={-1} onClick={() => around.discard(message)} />
        </div>
      )}
    </article>
  );
}

interface AuthorProps {
  readonly from: Entry["from"];
  readonly at: number;
  readonly isFirst: boolean;
  readonly showMenu?: (anchor: HTMLElement) => void;
}

/** Who speaks and when. Where he goes on, it is for screen readers, and the time for whoever points at it. */
function Author({ from, at, isFirst, showMenu }: AuthorProps) {
  const time = (
    <time class="message-time" dateTime={new Date(at).toISOString()} title={momentOf(at)}>
      {clockOf(at)}
    </time>
  );
  if (!isFirst)
    return (
      <div class="message-side">
        <span class="unseen">{from.name} </span>
        {time}
      </div>
    );
  return (
    <>
      <div class="message-side">
        <Avatar id={from.id} name={from.name} size={36} />
      </div>
      <div class="message-head">
        <button
          type="button"
          class="message-author"
          style={{ "--hue": hueOf(from.id) }}
          tabIndex={-1}
          disabled={!showMenu}
          onClick={(event) => showMenu?.(event.currentTarget)}
        >
          <bdi>{from.name}</bdi>
        </button>
        {time}
      </div>
    </>
  );
}

function Actions({
  entry,
  isOwn,
  around,
}: {
  readonly entry: Entry;
  readonly isOwn: boolean;
  readonly around: Around;
}) {
  const action = (icon: IconName, label: string, act: (entry: Entry) => void) => (
    <IconButton icon={icon} label={label} size={18} tabIndex={-1} onClick={() => act(entry)} />
  );
  return (
    <div class="message-actions">
      {around.mayWrite && action("reply", "Reply", around.reply)}
      {around.mayWrite && isOwn && action("edit", "Edit", around.edit)}
      {around.mayDelete(entry) && action("trash", "Delete", around.remove)}
    </div>
  );
}

function Sent({ isSeen }: { readonly isSeen: boolean }) {
  return isSeen ? <State icon="check-all" label="Seen" /> : <State icon="check" label="Sent" />;
}

function State({ icon, label }: { readonly icon: IconName; readonly label: string }) {
  return (
    <span class="message-state" title={label}>
      <Icon name={icon} size={14} />
      <span class="unseen">{label}</span>
    </span>
  );
}
