import { ACK_BYTES, fitting, sizeOf } from "../../log/budget.ts";
import type { Entry } from "../../log/index.ts";
import { isAhead, placeOf, recover } from "../../log/position.ts";
import type { Input } from "../../protocol/contract.ts";
import { type Handlers, ReplyThen } from "../../runtime/implement.ts";
import type { Notify, NotifyContext, NotifySocket } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { countUnread, type Inbox, isSent, loadInboxAt, newest, shownItems, toChange, toNotification } from "./inbox.ts";

/** Opening one's inbox: what a device is shown at once, and where its live feed begins. */
export function openingHandlers(
  { clock, inboxLog }: NotifyContext,
  { feeds, settled }: Delivery,
): Pick<Handlers<Notify>, "inbox:open"> {
  /** What a device is shown that has been here before, or not for too long. All counts are those of the inbox as it is given. */
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
      if (since && isAhead(since, attendance.cursor)) await attendance.check();
      // What this device was about to hear comes before the ack, so that nothing is repeated after it.
      await settled(user);
      const { inbox, cursor } = await loadInboxAt(inboxLog, user, attendance);
      const { epoch, head } = inbox;
      const recovery = since && (await recover(inboxLog, user, since, { upTo: cursor, limit }));
      const missed = recovery?.recovered ? fitting(recovery.entries, ACK_BYTES, sizeOf) : undefined;
      const data = { epoch, head, recovered: recovery ? recovery.recovered : null, ...show(inbox, missed, limit) };
      const last = missed?.at(-1);
      const position = last ? placeOf(last) : recovery?.recovered ? recovery.from : cursor;
      return new ReplyThen(data, () => attendance.follow(position));
    } catch (error) {
      attendance.cancel();
      throw error;
    }
  }

  return { "inbox:open": (input, { socket, user }) => open(socket, user.id, input) };
}
