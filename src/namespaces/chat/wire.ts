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
