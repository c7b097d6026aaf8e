import type { z } from "zod";
import type { Entry as LogEntry } from "../../log/index.ts";
import type { Entry } from "./contract.ts";

export type WireEntry = z.input<typeof Entry>;
type Kind = WireEntry["kind"];
type Body = Pick<WireEntry, "from" | "type" | "replyTo">;
type Content = Pick<WireEntry, "text" | "data">;

/** An entry of a room's log as clients see it. */
export function toWire(room: string, entry: LogEntry): WireEntry {
  const { epoch, seq, id, at, target, revisedAt, erasedAt } = entry;
  // What `messages.ts` wrote; the log keeps it without looking into it.
  const kind = entry.kind as Kind;
  const { from, ...body } = entry.body as unknown as Body;
  return {
    room,
    epoch,
    seq,
    kind,
    id,
    from,
    at,
    ...body,
    ...(entry.content as Content | undefined),
    ...(target !== undefined && { target }),
    ...(revisedAt !== undefined && erasedAt === undefined && { editedAt: revisedAt }),
    ...(erasedAt !== undefined && { deletedAt: erasedAt }),
  };
}

/** The event that tells of an entry. */
export const eventOf = (entry: LogEntry) => `message:${entry.kind as Kind}` as const;

/** How much an ack may carry. */
export const ACK_BYTES = 256 * 1024;

const sizes = new WeakMap<object, number>();

/** Bytes of an entry on the wire; computed once, since entries never change. */
export function sizeOf(entry: LogEntry): number {
  let size = sizes.get(entry);
  if (size === undefined) sizes.set(entry, (size = Buffer.byteLength(JSON.stringify(entry)) + 32));
  return size;
}

/** The longest run of entries from the start that fits. */
export function fitting(entries: readonly LogEntry[], maxBytes: number): readonly LogEntry[] {
  let bytes = 0;
  const end = entries.findIndex((entry) => (bytes += sizeOf(entry)) > maxBytes);
  return end < 0 ? entries : entries.slice(0, end);
}

/** The longest run of entries up to the last that fits. */
export function fittingLast(entries: readonly LogEntry[], maxBytes: number): readonly LogEntry[] {
  return fitting(entries.toReversed(), maxBytes).toReversed();
}
