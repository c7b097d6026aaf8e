import type { Input } from "../../protocol/contract.ts";
import { CarillonError } from "../../protocol/errors.ts";
import type { Handlers } from "../../runtime/implement.ts";
import type { Notify, NotifyContext } from "./context.ts";
import { countUnread, type Item, loadInbox, newest, shownItems, toNotification, writeChange } from "./inbox.ts";

type Names = "inbox:read" | "notification:read" | "notification:archive";

const isThere = (item?: Item) => item !== undefined && item.archivedSeq === undefined;
const isUnread = (item?: Item) => isThere(item) && item?.readSeq === undefined;

/** Reading an inbox, and saying so. Only what changes something is written, so that repeating cannot fill an inbox's log. */
export function readingHandlers({ clock, inboxLog }: NotifyContext): Pick<Handlers<Notify>, Names> {
  const unreadOf = async (user: string) => ({ unread: countUnread(await loadInbox(inboxLog, user), clock.now()) });

  async function page(user: string, { before = Infinity, epoch, limit, filter }: Input<Notify, "inbox:read">) {
    const inbox = await loadInbox(inboxLog, user);
    if (epoch !== undefined && epoch !== inbox.epoch) throw new CarillonError("conflict");
    const now = clock.now();
    const older = shownItems(inbox, now).filter(
      (item) => item.entry.seq < before && (filter === "all" || isUnread(item)),
    );
    const entries = newest(older, limit);
    return {
      epoch: inbox.epoch,
      entries: entries.map(toNotification),
      more: older.length > entries.length,
      unread: countUnread(inbox, now),
    };
  }

  async function read(user: string, input: Input<Notify, "notification:read">): Promise<void> {
    const { epoch, head, items } = await loadInbox(inboxLog, user);
    if ("ids" in input) {
      const ids = [...new Set(input.ids)].filter((id) => isUnread(items.get(id)));
      if (ids.length > 0) await writeChange(inboxLog, user, { kind: "read", epoch, ids });
      return;
    }
    if (input.epoch !== undefined && input.epoch !== epoch) throw new CarillonError("conflict");
    const upTo = Math.min(input.upTo, head);
    const changes = [...items.values()].some((item) => item.entry.seq <= upTo && isUnread(item));
    if (changes) await writeChange(inboxLog, user, { kind: "read", epoch, upTo });
  }

  async function archive(user: string, wanted: readonly string[]): Promise<void> {
    const { epoch, items } = await loadInbox(inboxLog, user);
    const ids = [...new Set(wanted)].filter((id) => isThere(items.get(id)));
    if (ids.length > 0) await writeChange(inboxLog, user, { kind: "archived", epoch, ids });
  }

  return {
    "inbox:read": (input, { user }) => page(user.id, input),
    "notification:read": async (input, { user }) => {
      await read(user.id, input);
      return unreadOf(user.id);
    },
    "notification:archive": async ({ ids }, { user }) => {
      await archive(user.id, ids);
      return unreadOf(user.id);
    },
  };
}
