import type { z } from "zod";
import type { Change as ChangeSchema, notify } from "../../src/namespaces/notify/contract.ts";
import type { Position as PositionSchema } from "../../src/protocol/fields.ts";
import { createRun, type Paging } from "../run.ts";
import type { Notification } from "./index.ts";

type Requests = (typeof notify)["requests"];
type Position = z.output<typeof PositionSchema>;
export type Change = z.output<typeof ChangeSchema>;
export type Opened = z.output<Requests["inbox:open"]["reply"]>;

/** What is read or archived: these, or all up to a `seq`. */
export type Marking = Pick<Change, "ids" | "upTo" | "archived">;

/** Whoever reads older ones holds more until something new comes. */
const MOST_HELD = 1_000;

/** An inbox as this client knows it: the log, folded as it comes. */
export interface Inbox {
  readonly now: {
    /** Newest first. */
    readonly notifications: readonly Notification[];
    readonly unread: number;
    readonly more: boolean;
  };
  /** Where to go on from; nothing before the inbox was ever opened. */
  readonly since: Position | undefined;
  /** All that is counted in `unread`. */
  readonly level: { epoch: string; upTo: number } | undefined;
  /** The server keeps no more than the newest so many, and counts no others. */
  limit(size: number): void;
  /** Something is heard before the inbox was opened: what comes from there on is new, whatever was there at first. */
  hearEarly(entry: Position): void;
  /** @returns what is new in it, to this client */
  open(reply: Opened): readonly Notification[];
  /** @returns whether it follows on what is known; it does nothing where it does not */
  hear(entry: Notification | Change): boolean;
  /** The server has taken it; it tells of it as well, sooner or later. */
  mark(marking: Marking): void;
  /** Takes out what has expired. @returns when the next of them does: epoch milliseconds by the server's clock */
  expire(now: number): number;
  /** Begins to read an older page. */
  page(): Paging<Notification> | undefined;
}

/** `stale`: something is missing, or only the server can count what is unread: the inbox has to be opened again. */
export function createInbox(stale: () => void): Inbox {
  const run = createRun<Notification, Marking>((notification, { ids = [], upTo = 0, archived }) => {
    const { id, seq, read } = notification;
    if (seq > upTo && !ids.includes(id)) return notification;
    return archived ? undefined : read ? notification : { ...notification, read: true };
  });
  let unread = 0;
  let size = Infinity;
  /** Up to here everything was heard; nothing before the inbox was ever opened. */
  let position: Position | undefined;
  /** The place before the first that was heard until then. */
  let early: Position | undefined;
  /**
   * The server was here when it counted. Up to here one may still be catching up, with holes that are no loss (the server leaves out what is
   * archived or expired by now); from here on there are none.
   */
  let level = 0;

  const unseen = () => run.held.filter(({ read }) => !read).length;

  /** Takes out some; those that were not read may be others to the server, and with them some that are not held. */
  function keep(isKept: (notification: Notification, place: number) => boolean): void {
    const before = unseen();
    run.keep(isKept);
    if (unseen() < before) stale();
  }

  function hold(newer: readonly Notification[]): void {
    run.push(newer, MOST_HELD);
    keep((_, place) => place >= run.held.length - size);
  }

  return {
    get now() {
      return { notifications: run.held.toReversed(), unread, more: run.more };
    },
    get since() {
      return position;
    },
    get level() {
      return position && { epoch: position.epoch, upTo: level };
    },
    limit(newest) {
      size = newest || Infinity;
    },
    hearEarly({ epoch, seq }) {
      early ??= { epoch, seq: seq - 1 };
    },
    open({ epoch, head, recovered, entries, changes, unread: counted }) {
      const from = position ?? early;
      const known = epoch === from?.epoch ? from.seq : undefined;
      // In another log (one that was rolled back, say) there may be what was known before.
      const news = entries.filter(({ seq, id }) =>
        known === undefined ? position && run.held.every((each) => each.id !== id) : seq > known,
      );
      if (recovered) {
        hold(news);
        changes.forEach(run.amend);
        for (const { seq, id } of [...news, ...changes] as Position[])
          if (seq > (position?.seq ?? 0)) position = { epoch, seq, id };
      } else {
        const last = entries.at(-1);
        run.reset(entries, epoch, head);
        position = { epoch, seq: head, id: last?.seq === head ? last.id : undefined };
      }
      level = head;
      unread = counted;
      return news;
    },
    hear(entry) {
      const { epoch, seq, id } = entry as Notification;
      if (epoch !== position?.epoch || seq > level + 1) {
        stale();
        return false;
      }
      if (seq <= position.seq) return false;
      position = { epoch, seq, id };
      const isCounted = seq <= level;
      level = Math.max(level, seq);
      if ("title" in entry) {
        if (!isCounted && !entry.read) unread++;
        hold([entry]);
      } else {
        if (!isCounted) unread = entry.unread;
        run.amend(entry);
      }
      return true;
    },
    mark(marking) {
      const before = unseen();
      run.amend(marking);
      unread = Math.max(0, unread - before + unseen());
    },
    expire(now) {
      keep(({ expiresAt = Infinity }) => expiresAt > now);
      return Math.min(...run.held.map(({ expiresAt = Infinity }) => expiresAt));
    },
    page: run.page,
  };
}
