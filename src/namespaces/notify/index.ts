import { ACK_BYTES, fitting, fittingLast } from "../../log/budget.ts";
import { recover } from "../../log/position.ts";
import type { Entry } from "../../log/index.ts";
import { CarillonError } from "../../protocol/errors.ts";
import { implement, ReplyThen } from "../../runtime/implement.ts";
import type { Input } from "../../protocol/contract.ts";
import type { Notify, NotifyContext, NotifySocket } from "./context.ts";
import { notify } from "./contract.ts";
import { createDelivery } from "./delivery.ts";
import {
  countUnread,
  type Inbox,
  isSent,
  type Item,
  loadInbox,
  shownItems,
  toChange,
  toNotification,
  writeChange,
} from "./inbox.ts";
import { topicHandlers } from "./topics.ts";

const newest = (items: readonly Item[], limit: number) =>
  fittingLast(items.slice(-limit), ACK_BYTES, ({ entry }) => entry);

/** Each user's inbox: a log of notifications, and of what was read of them. */
export const notifyNamespace = implement(notify, (context: NotifyContext) => {
  const { clock, inboxLog, logger } = context;
  const feeds = createDelivery(context);

  /** What a device is shown that has been here before, or not for too long. */
  function show(inbox: Inbox, missed: readonly Entry[] | undefined, limit: number) {
    const now = clock.now();
    const shown = shownItems(inbox, now);
    const unread = countUnread(inbox, now);
    if (!missed) return { entries: newest(shown, limit).map(toNotification), changes: [], unread };
    const ids = new Set(missed.filter(isSent).map(({ id }) => id));
    const changes = missed.filter((entry) => !isSent(entry)).map((entry) => toChange(entry, unread));
    return { entries: shown.filter(({ entry }) => ids.has(entry.id)).map(toNotification), changes, unread };
  }

  async function open(socket: NotifySocket, user: string, { since, limit }: Input<Notify, "inbox:open">) {
    const attendance = await feeds.attend(user, socket);
    try {
      const { cursor } = attendance;
      const recovery = since && (await recover(inboxLog, user, since, { upTo: cursor, limit }));
      const missed = recovery?.recovered ? fitting(recovery.entries, ACK_BYTES, (entry) => entry) : undefined;
      const inbox = await loadInbox(inboxLog, user);
      const position = missed && since ? { epoch: cursor.epoch, seq: missed.at(-1)?.seq ?? since.seq } : cursor;
      const data = { epoch: cursor.epoch, head: cursor.seq, recovered: recovery ? recovery.recovered : null };
      return new ReplyThen({ ...data, ...show(inbox, missed, limit) }, () => attendance.follow(position));
    } catch (error) {
      attendance.cancel();
      throw error;
    }
  }

  /** Writes only what changes something, so that an inbox's log cannot be filled by repeating. */
  async function read(user: string, input: Input<Notify, "notification:read">): Promise<void> {
    const inbox = await loadInbox(inboxLog, user);
    if ("epoch" in input && input.epoch !== undefined && input.epoch !== inbox.epoch)
      throw new CarillonError("conflict");
    const unread = [...inbox.items.values()].filter((item) => !item.read && !item.archived);
    if ("ids" in input) {
      const ids = unread.map(({ entry }) => entry.id).filter((id) => input.ids.includes(id));
      if (ids.length > 0) await writeChange(inboxLog, user, "read", { ids });
    } else if (unread.some(({ entry }) => entry.seq <= input.upTo)) {
      await writeChange(inboxLog, user, "read", { upTo: Math.min(input.upTo, inbox.head) });
    }
  }

  async function archive(user: string, wanted: readonly string[]): Promise<void> {
    const { items } = await loadInbox(inboxLog, user);
    const ids = [...new Set(wanted)].filter((id) => items.get(id)?.archived === false);
    if (ids.length > 0) await writeChange(inboxLog, user, "archived", { ids });
  }

  const unreadOf = async (user: string) => ({ unread: countUnread(await loadInbox(inboxLog, user), clock.now()) });

  return {
    handlers: {
      "inbox:open": (input, { socket, user }) => open(socket, user.id, input),

      "inbox:read": async ({ before = Infinity, epoch, limit, filter }, { user }) => {
        const inbox = await loadInbox(inboxLog, user.id);
        if (epoch !== undefined && epoch !== inbox.epoch) throw new CarillonError("conflict");
        const older = shownItems(inbox, clock.now()).filter(
          (item) => item.entry.seq < before && (filter === "all" || !item.read),
        );
        const entries = newest(older, limit);
        const more = older.length > entries.length;
        return {
          epoch: inbox.epoch,
          entries: entries.map(toNotification),
          more,
          unread: countUnread(inbox, clock.now()),
        };
      },

      "notification:read": async (input, { user }) => {
        await read(user.id, input);
        return unreadOf(user.id);
      },

      "notification:archive": async ({ ids }, { user }) => {
        await archive(user.id, ids);
        return unreadOf(user.id);
      },

      ...topicHandlers(context),
    },

    connected(socket, user) {
      feeds.attend(user.id, socket).then(
        (attendance) => attendance.follow(attendance.cursor),
        (error: unknown) => {
          logger.warn({ err: error }, "an inbox could not be opened");
          socket.data.session.close(CarillonError.from(error, "unavailable"));
        },
      );
    },
    disconnected: (socket, user) => feeds.leave(user.id, socket),
    close: () => feeds.close(),
  };
});
