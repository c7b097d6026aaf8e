import { randomBytes } from "node:crypto";
import type { z } from "zod";
import type { Entry, Log } from "../../log/index.ts";
import type { Change, Draft, Notification } from "./contract.ts";

export type WireNotification = z.input<typeof Notification>;
export type WireChange = z.input<typeof Change>;

/** What an entry of the kind `sent` holds. */
export interface Sent extends Omit<z.output<typeof Draft>, "id"> {
  readonly topic?: string;
  readonly expiresAt?: number;
}

/** What an entry of the kinds `read` and `archived` holds. */
type Changed = { readonly ids: readonly string[] } | { readonly upTo: number };

/** Authors of an inbox's entries: neither is a user id, so that a client-made id never meets one of ours. */
export const PUBLISHER = "to inbox";
const READER = "by reader";

export const isSent = (entry: Entry) => entry.kind === "sent";

/** A notification and what its reader did with it. */
export interface Item {
  readonly entry: Entry;
  read: boolean;
  archived: boolean;
}

/**
 * An inbox at one moment. It is nothing but its log, folded: counts cannot drift from what they count, and since the log only ever
 * loses its oldest end, a reading is never lost before what was read.
 */
export interface Inbox {
  readonly epoch: string;
  readonly head: number;
  /** By id, oldest first; archived ones too. */
  readonly items: ReadonlyMap<string, Item>;
}

export async function loadInbox(log: Log, user: string): Promise<Inbox> {
  const { epoch, head, entries } = await log.read(user, { after: 0, limit: Infinity });
  const items = new Map<string, Item>();
  for (const entry of entries) {
    if (isSent(entry)) items.set(entry.id, { entry, read: false, archived: false });
    else apply(items, entry);
  }
  return { epoch, head, items };
}

function apply(items: ReadonlyMap<string, Item>, entry: Entry): void {
  const how = entry.kind === "archived" ? "archived" : "read";
  const changed = entry.body as Changed;
  if ("ids" in changed) {
    for (const id of changed.ids) {
      const item = items.get(id);
      if (item) item[how] = true;
    }
    return;
  }
  for (const item of items.values()) if (item.entry.seq <= changed.upTo) item[how] = true;
}

/** Writes that a reader has read or archived something. */
export async function writeChange(log: Log, user: string, kind: "read" | "archived", body: Changed): Promise<void> {
  await log.append(user, { id: randomBytes(12).toString("base64url"), by: READER, kind, body: { ...body } });
}

const sentOf = (entry: Entry) => entry.body as unknown as Sent;

/** Still to be seen: neither archived nor expired. */
export function isShown({ entry, archived }: Item, now: number): boolean {
  return !archived && (sentOf(entry).expiresAt ?? Infinity) > now;
}

export function shownItems({ items }: Inbox, now: number): Item[] {
  return [...items.values()].filter((item) => isShown(item, now));
}

export function countUnread(inbox: Inbox, now: number): number {
  return shownItems(inbox, now).filter(({ read }) => !read).length;
}

export function toNotification({ entry, read }: Pick<Item, "entry" | "read">): WireNotification {
  const { epoch, seq, id, at } = entry;
  const { ttlSec: _, ...sent } = sentOf(entry);
  return { id, epoch, seq, at, ...sent, read };
}

export function toChange(entry: Entry, unread: number): WireChange {
  const { epoch, seq, kind } = entry;
  const changed = entry.body as Changed;
  const what = "ids" in changed ? { ids: [...changed.ids] } : { upTo: changed.upTo };
  return { epoch, seq, ...what, [kind === "archived" ? "archived" : "read"]: true, unread };
}
