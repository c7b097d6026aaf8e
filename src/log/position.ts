import type { Entry, Log, Position } from "./index.ts";

/** The place of an entry. */
export const placeOf = ({ epoch, seq, id, at }: Entry): Position => ({ epoch, seq, id, at });

export const isSamePlace = (one: Position, other: Position) => one.epoch === other.epoch && one.seq === other.seq;

/** Whether an entry is the one that was seen: by its id, and by its time where that is known. */
export const isAt = (seen: Pick<Position, "id" | "at">, { id, at }: Entry) =>
  seen.id === id && (seen.at === undefined || seen.at === at);

/**
 * Whether somebody may have seen more of a log than this worker has: from another worker, while what was published did not come here.
 */
export const isAhead = (since: Position, cursor: Position) => since.epoch !== cursor.epoch || since.seq > cursor.seq;

/** What came after a position, if all of it is still there. */
export type Recovery =
  /** `from` is the position, as the log knows it. */
  | { recovered: true; from: Position; entries: readonly Entry[] }
  /** Another epoch, beyond the head, another entry at that place, or something after it is gone: never a part that looks whole. */
  | { recovered: false };

/**
 * Reads what came after `since`, up to and with `upTo`, at most `limit` entries. A client's position is only compared, never believed.
 * `upTo` is where the log was seen to be: one that is behind it now was rolled back, and nothing of it is taken for whole.
 */
export async function recover(
  log: Log,
  topic: string,
  since: Position,
  { upTo, limit }: { upTo: Position; limit: number },
): Promise<Recovery> {
  if (isAhead(since, upTo)) return { recovered: false };
  const span = await log.read(topic, { after: since.seq - 1, upTo: upTo.seq, limit: limit + 1 });
  if (span.epoch !== since.epoch || span.head < upTo.seq || span.first > since.seq + 1) return { recovered: false };
  const [at, ...after] = span.entries;
  if (at?.seq === since.seq) {
    if (since.id !== undefined && since.id !== at.id) return { recovered: false };
    return { recovered: true, from: placeOf(at), entries: after };
  }
  // Nothing stands there (any more) that the id could be compared with, so it is not taken over.
  const from = { epoch: since.epoch, seq: since.seq };
  return { recovered: true, from, entries: span.entries.slice(0, limit) };
}
