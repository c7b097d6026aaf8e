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
  // Field by field: a later release may have written more, which is none of this one's contract.
  const { from, type, replyTo } = entry.body as unknown as Body;
  const { text, data } = (entry.content ?? {}) as Content;
  return {
    room,
    epoch,
    seq,
    kind,
    id,
    from,
    at,
    ...(type !== undefined && { type }),
    ...(replyTo !== undefined && { replyTo }),
    ...(text !== undefined && { text }),
    ...(data !== undefined && { data }),
    ...(target !== undefined && { target }),
    ...(revisedAt !== undefined && erasedAt === undefined && { editedAt: revisedAt }),
    ...(erasedAt !== undefined && { deletedAt: erasedAt }),
  };
}

/** The event that tells of an entry. */
export const eventOf = (entry: LogEntry) => `message:${entry.kind as Kind}` as const;
