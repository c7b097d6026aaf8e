import type { Entry } from "../../log/index.ts";
import { CarillonError } from "../../protocol/errors.ts";
import { Feeds } from "../../runtime/feed.ts";
import type { NotifyContext, NotifySocket } from "./context.ts";
import { countUnread, type Inbox, isExpired, isSent, type Item, loadInbox, toChange, toNotification } from "./inbox.ts";
import { createReceipts } from "./receipts.ts";

export interface Delivery {
  readonly feeds: Feeds<NotifySocket>;
  /** Resolves when all that was on its way to a user's devices is written. */
  settled(user: string): Promise<void>;
}

/** Going on would leave a gap that nobody notices: the device comes back and opens the inbox again. */
const fail = (socket: NotifySocket, error: unknown) =>
  socket.data.session.close(CarillonError.from(error, "unavailable"));

/** Brings inboxes to their users' devices. */
export function createDelivery({ clock, inboxLog, logger, counted }: NotifyContext): Delivery {
  const notify = createReceipts({ counted });
  /** Counting takes a look into the log; what comes meanwhile to the same user waits for it. */
  const queues = new Map<string, Promise<void>>();
  /** What a device that catches up is shown things by, so that catching up does not load the inbox for each entry. */
  const snapshots = new WeakMap<NotifySocket, Inbox>();

  /** As of the entry; where the log has become another one since, a place in it says nothing any more, and all of it counts. */
  const unreadAt = ({ epoch, seq }: Entry, inbox: Inbox) =>
    countUnread(inbox, clock.now(), epoch === inbox.epoch ? seq : inbox.head);

  /** `inbox` is that of the entry's time or later. */
  function showChange(socket: NotifySocket, entry: Entry, inbox: Inbox): void {
    if (socket.connected) socket.emit("notification:changed", toChange(entry, unreadAt(entry, inbox)));
  }

  function showItem(socket: NotifySocket, item: Item): void {
    if (!socket.connected || item.archivedSeq !== undefined || isExpired(item.entry, clock.now())) return;
    notify(socket, toNotification(item));
  }

  async function broadcast(user: string, entry: Entry, sockets: readonly NotifySocket[]): Promise<void> {
    try {
      // A notification goes out as it was written: what has been done to it since comes after it.
      if (isSent(entry)) return sockets.forEach((socket) => showItem(socket, { entry }));
      const inbox = await loadInbox(inboxLog, user);
      for (const socket of sockets) showChange(socket, entry, inbox);
    } catch (error) {
      logger.warn({ err: error }, "an inbox could not be read");
      for (const socket of sockets) fail(socket, error);
    }
  }

  async function snapshotFor(socket: NotifySocket, user: string, { epoch, seq }: Entry): Promise<Inbox> {
    const before = snapshots.get(socket);
    if (before && before.epoch === epoch && before.head >= seq) return before;
    const inbox = await loadInbox(inboxLog, user);
    snapshots.set(socket, inbox);
    return inbox;
  }

  function queue(user: string, act: () => Promise<void>): void {
    const done = (queues.get(user) ?? Promise.resolve()).then(act);
    queues.set(user, done);
    void done.then(() => queues.get(user) === done && queues.delete(user));
  }

  const feeds = new Feeds<NotifySocket>(
    inboxLog,
    {
      broadcast(user, entry, level) {
        // Who is level now: whoever comes later has been shown this entry already.
        const sockets = [...level];
        queue(user, () => broadcast(user, entry, sockets));
      },
      async send(socket, user, entry) {
        const inbox = await snapshotFor(socket, user, entry);
        if (isSent(entry)) showItem(socket, inbox.items.get(entry.id) ?? { entry });
        else showChange(socket, entry, inbox);
      },
      repaired: () => counted.gapRepaired(),
      entered: (socket) => snapshots.delete(socket),
      // A device learns of a new epoch from what comes next: every notification carries it.
      reset() {},
      failed: fail,
    },
    logger,
  );

  return { feeds, settled: (user) => queues.get(user) ?? Promise.resolve() };
}
