import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { ACK_BYTES, fittingLast, sizeOf } from "../../log/budget.ts";
import type { Entry, Log, Position } from "../../log/index.ts";
import { CarillonError } from "../../protocol/errors.ts";
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

/** A notification, and the seqs of the entries that say what its reader did with it. */
export interface Item {
  readonly entry: Entry;
  readSeq?: number;
  archivedSeq?: number;
}

/**
 * An inbox at one moment. It is nothing but its log, folded: counts cannot drift from what they count, and since the log only ever
 * loses its oldest end, a reading is never lost before what was read.
 */
export interface Inbox {
  readonly epoch: string;
  /** The last entry that is folded in. */
  readonly head: number;
  /** By id, oldest first; archived ones too. */
  readonly items: ReadonlyMap<string, Item>;
}

/** An inbox as it was at `upTo`, or as it is. Takes time by the length of its log, however it was read. */
export async function loadInbox(log: Log, user: string, upTo = Infinity): Promise<Inbox> {
  const { epoch, head, entries } = await log.read(user, { after: 0, upTo, limit: Infinity });
  const items = new Map<string, Item>();
  const byAge: Item[] = [];
  let readThrough = 0;
  for (const entry of entries) {
    const changed = entry.body as Changed;
    if (isSent(entry)) {
      const item = { entry };
      items.set(entry.id, item);
      byAge.push(item);
    } else if ("ids" in changed) {
      mark(items, changed.ids, entry);
    } else {
      for (; (byAge[readThrough]?.entry.seq ?? Infinity) <= changed.upTo; readThrough++)
        (byAge[readThrough] as Item).readSeq ??= entry.seq;
    }
  }
  return { epoch, head: Math.min(head, upTo), items };
}

/** An inbox may begin anew while it is loaded; one that does it each time is taken for being out. */
const MAX_LOADS = 4;

/**
 * An inbox as it was at a worker's cursor. Where the log turns out not to be the cursor's (it was lost or rolled back, and the worker
 * has not noticed), it is loaded again once the worker has.
 * @throws CarillonError `unavailable`
 */
export async function loadInboxAt(
  log: Log,
  user: string,
  standing: { readonly cursor: Position; check(): Promise<void> },
): Promise<{ inbox: Inbox; cursor: Position }> {
  for (let loads = MAX_LOADS; loads > 0; loads--) {
    const { cursor } = standing;
    const inbox = await loadInbox(log, user, cursor.seq);
    if (inbox.epoch === cursor.epoch && inbox.head >= cursor.seq) return { inbox, cursor };
    await standing.check();
  }
  throw new CarillonError("unavailable");
}

function mark(items: ReadonlyMap<string, Item>, ids: readonly string[], { kind, seq }: Entry): void {
  for (const id of ids) {
    const item = items.get(id);
    if (item) item[kind === "archived" ? "archivedSeq" : "readSeq"] ??= seq;
  }
}

/**
 * Writes that a reader has read or archived something.
 * @throws CarillonError `conflict` if the log has begun anew since `epoch`: what a seq meant there is not what it means now.
 */
export async function writeChange(
  log: Log,
  user: string,
  { kind, epoch, ...changed }: { kind: "read" | "archived"; epoch: string } & Changed,
): Promise<void> {
  await log.append(user, { id: randomBytes(12).toString("base64url"), by: READER, kind, body: changed }, { epoch });
}

const sentOf = (entry: Entry) => entry.body as unknown as Sent;

export const isExpired = (entry: Entry, now: number) => (sentOf(entry).expiresAt ?? Infinity) <= now;

/** What is still to be seen: neither archived nor expired. */
export function shownItems({ items }: Inbox, now: number): Item[] {
  return [...items.values()].filter(({ entry, archivedSeq }) => archivedSeq === undefined && !isExpired(entry, now));
}

/** The newest of them, at most `limit` and no more than an ack may carry. */
export function newest(items: readonly Item[], limit: number): readonly Item[] {
  return fittingLast(items.slice(-limit), ACK_BYTES, ({ entry }) => sizeOf(entry));
}

/** How many were unread when the log stood at `at`, of those that are in it and not expired now. */
export function countUnread({ items, head }: Inbox, now: number, at = head): number {
  let unread = 0;
  for (const { entry, readSeq = Infinity, archivedSeq = Infinity } of items.values()) {
    if (entry.seq <= at && readSeq > at && archivedSeq > at && !isExpired(entry, now)) unread++;
  }
  return unread;
}

export function toNotification({ entry, readSeq }: Item): WireNotification {
  const { epoch, seq, id, at } = entry;
  const { ttlSec: _, ...sent } = sentOf(entry);
  return { id, epoch, seq, at, ...sent, read: readSeq !== undefined };
}

export function toChange(entry: Entry, unread: number): WireChange {
  const { epoch, seq, kind } = entry;
  const changed = entry.body as Changed;
  const what = "ids" in changed ? { ids: [...changed.ids] } : { upTo: changed.upTo };
  return { epoch, seq, ...what, [kind === "archived" ? "archived" : "read"]: true, unread };
}
