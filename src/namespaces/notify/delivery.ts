import type { Entry } from "../../log/index.ts";
import { CarillonError } from "../../protocol/errors.ts";
import { Feeds } from "../../runtime/feed.ts";
import type { NotifyContext, NotifySocket } from "./context.ts";
import { Receipt } from "./contract.ts";
import { countUnread, isSent, isShown, loadInbox, toChange, toNotification, type WireNotification } from "./inbox.ts";

/** How long a device may take to say that it got a notification. */
const RECEIPT_MS = 30_000;

/** Brings inboxes to their users' devices. */
export function createDelivery({ clock, inboxLog, logger, counted }: NotifyContext): Feeds<NotifySocket> {
  /** Counting takes a look into the log; entries of one inbox wait for each other, so that positions never run ahead of it. */
  const queues = new Map<string, Promise<void>>();

  function inOrder(user: string, act: () => Promise<void>): Promise<void> {
    const before = queues.get(user) ?? Promise.resolve();
    const done = before.then(act).catch((error: unknown) => logger.warn({ err: error }, "an inbox could not be read"));
    queues.set(user, done);
    void done.then(() => queues.get(user) === done && queues.delete(user));
    return done;
  }

  function notify(socket: NotifySocket, notification: WireNotification): void {
    socket.timeout(RECEIPT_MS).emit("notification:sent", notification, (late: Error | null, answer: unknown) => {
      if (late) return;
      if (Receipt.safeParse(answer).success) counted.delivered();
      else counted.badReceipt();
    });
  }

  async function deliver(user: string, entry: Entry, sockets: Iterable<NotifySocket>): Promise<void> {
    const inbox = await loadInbox(inboxLog, user);
    const now = clock.now();
    if (!isSent(entry)) {
      const change = toChange(entry, countUnread(inbox, now));
      for (const socket of sockets) socket.emit("notification:changed", change);
      return;
    }
    const item = inbox.items.get(entry.id);
    if (!item || !isShown(item, now)) return;
    const notification = toNotification(item);
    for (const socket of sockets) notify(socket, notification);
  }

  return new Feeds<NotifySocket>(
    inboxLog,
    {
      broadcast(user, entry, level) {
        // Who is level now: whoever comes later has been shown this entry already.
        const sockets = [...level];
        void inOrder(user, () => deliver(user, entry, sockets));
      },
      send: (socket, user, entry) => inOrder(user, () => deliver(user, entry, [socket])),
      // A device learns of a new epoch from what comes next: every notification carries it.
      reset() {},
      failed: (socket, error) => socket.data.session.close(CarillonError.from(error, "unavailable")),
    },
    logger,
  );
}
