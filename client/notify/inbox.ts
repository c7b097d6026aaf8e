import type { z } from "zod";
import type { Change as ChangeSchema, notify } from "../../src/namespaces/notify/contract.ts";
import type { Position as PositionSchema } from "../../src/protocol/fields.ts";
import type { Notification } from "./index.ts";

type Requests = (typeof notify)["requests"];
type Position = z.output<typeof PositionSchema>;
export type Change = z.output<typeof ChangeSchema>;
export type Opened = z.output<Requests["inbox:open"]["reply"]>;
export type Page = z.output<Requests["inbox:read"]["reply"]>;

/** What is read or archived: these, or all up to a `seq`. */
export type Marking = Pick<Change, "ids" | "upTo" | "archived">;

/**
 * `new`: it follows on what is known. `known`: heard before. `gap`: something is missing before it, or the log is another one; nothing was done
 * with it, and the inbox has to be opened again.
 */
export type Heard = "new" | "known" | "gap";

/** Of older ones some may be read in besides. */
const MOST_HELD = 1_000;

/** An inbox as this client knows it: the log, folded as it comes. */
export interface Inbox {
  /** Oldest first. */
  readonly held: readonly Notification[];
  readonly unread: number;
  readonly more: boolean;
  /** Where to go on from; nothing before the inbox was ever opened. */
  readonly since: Position | undefined;
  /** All that is counted in `unread`. */
  readonly level: { epoch: string; upTo: number } | undefined;
  /** When the first of them expires: epoch milliseconds by the server's clock. */
  readonly expiresAt: number;
  /** The server keeps no more than the newest so many, and counts no others. */
  limit(size: number): void;
  /** Something is heard before the inbox was opened: what comes from there on is new, whatever was there at first. */
  hearEarly(entry: Position): void;
  /** @returns what is new in it, to this client */
  open(reply: Opened): readonly Notification[];
  hearSent(notification: Notification): Heard;
  hearChanged(change: Change): Heard;
  /** The server has taken it; it tells of it as well, sooner or later. */
  mark(marking: Marking): void;
  /** Takes out what has expired. @returns whether the count is no longer the server's */
  expire(now: number): boolean;
  /** Begins to read an older page. `add` does nothing where it no longer fits; `end` is to be called in any case. */
  page(): { readonly before: number; readonly epoch: string; add(page: Page): void; end(): void } | undefined;
}

const countUnread = (notifications: readonly Notification[]) => notifications.filter(({ read }) => !read).length;

export function createInbox(): Inbox {
  let held: readonly Notification[] = [];
  let unread = 0;
  let more = false;
  let most = MOST_HELD;
  let size = Infinity;
  let isOpened = false;
  let position: Position | undefined;
  /**
   * The server was here when it counted. Up to here one may still be catching up, with holes that are no loss (the server leaves out what is
   * archived or expired by now); from here on there are none.
   */
  let level = 0;
  /** What was marked while a page is on its way: the page may be older than that. */
  let meanwhile: Marking[] | undefined;

  /** @returns how many of them were unread */
  function fold(marking: Marking): number {
    const { ids, upTo = 0, archived } = marking;
    meanwhile?.push(marking);
    const named = new Set(ids);
    let settled = 0;
    held = held.flatMap((notification) => {
      const { id, seq, read } = notification;
      if (seq > upTo && !named.has(id)) return notification;
      if (!read) settled++;
      if (archived) return [];
      return read ? notification : { ...notification, read: true };
    });
    return settled;
  }

  function lower(by: number): void {
    unread = Math.max(0, unread - by);
  }

  /** Makes a step along the log. `counted` is called where what it brings is not in `unread` yet. */
  function advance({ epoch, seq, id }: Position, counted: () => void): Heard {
    if (epoch !== position?.epoch || seq > level + 1) return "gap";
    if (seq <= position.seq) return "known";
    position = { epoch, seq, id };
    if (seq > level) counted();
    level = Math.max(level, seq);
    return "new";
  }

  function hold(newer: readonly Notification[]): void {
    held = [...held, ...newer];
    const gone = Math.max(0, held.length - size);
    lower(countUnread(held.slice(0, gone)));
    unread = Math.min(unread, size);
    held = held.slice(gone);
    // While a page is on its way the oldest have to stay: it ends where they begin.
    if (held.length <= most || meanwhile) return;
    held = held.slice(-most);
    more = true;
  }

  /** They follow on what is held. */
  function goOn({ epoch, changes }: Opened, news: readonly Notification[]): void {
    hold(news);
    for (const change of changes) fold(change);
    for (const { seq, id } of [...news, ...changes] as Position[])
      if (seq > (position?.seq ?? 0)) position = { epoch, seq, id };
  }

  /** Begins anew. */
  function replace({ epoch, head, entries }: Opened): void {
    const last = entries.at(-1);
    held = entries;
    most = MOST_HELD;
    meanwhile = undefined;
    more = (entries[0]?.seq ?? 1) > 1;
    position = { epoch, seq: head, ...(last?.seq === head && { id: last.id }) };
  }

  return {
    get held() {
      return held;
    },
    get unread() {
      return unread;
    },
    get more() {
      return more;
    },
    get since() {
      return isOpened ? position : undefined;
    },
    get level() {
      return isOpened && position ? { epoch: position.epoch, upTo: level } : undefined;
    },
    get expiresAt() {
      return Math.min(...held.map(({ expiresAt = Infinity }) => expiresAt));
    },
    limit(newest) {
      size = newest || Infinity;
    },
    hearEarly({ epoch, seq }) {
      position ??= { epoch, seq: seq - 1 };
    },
    open(reply) {
      const ids = new Set(held.map(({ id }) => id));
      const after = reply.epoch === position?.epoch ? position.seq : undefined;
      // In another log (one that was rolled back, say) there may be what was known before.
      const isNew = ({ seq, id }: Notification) => (after === undefined ? isOpened && !ids.has(id) : seq > after);
      const news = reply.entries.filter(isNew);
      if (reply.recovered) goOn(reply, news);
      else replace(reply);
      isOpened = true;
      level = reply.head;
      unread = reply.unread;
      return news;
    },
    hearSent(notification) {
      const heard = advance(notification, () => (unread += notification.read ? 0 : 1));
      if (heard === "new") hold([notification]);
      return heard;
    },
    hearChanged(change) {
      const heard = advance(change, () => (unread = change.unread));
      if (heard === "new") fold(change);
      return heard;
    },
    mark: (marking) => lower(fold(marking)),
    expire(now) {
      const expired = held.filter(({ expiresAt = Infinity }) => expiresAt <= now);
      if (expired.length === 0) return false;
      const unseen = countUnread(expired);
      held = held.filter((notification) => !expired.includes(notification));
      lower(unseen);
      return unseen > 0;
    },
    page() {
      if (!isOpened || !position) return undefined;
      const own: Marking[] = (meanwhile = []);
      return {
        before: held[0]?.seq ?? position.seq + 1,
        epoch: position.epoch,
        add(page) {
          if (meanwhile !== own) return;
          meanwhile = undefined;
          held = [...page.entries, ...held];
          most = Math.max(most, held.length);
          more = page.more;
          for (const marking of own) fold(marking);
        },
        end() {
          if (meanwhile === own) meanwhile = undefined;
        },
      };
    },
  };
}
