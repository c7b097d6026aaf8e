import type { Entry, Log, Position } from "./index.ts";

/** What came after a position, if all of it is still there. */
export type Recovery =
  | { recovered: true; entries: readonly Entry[] }
  /** Another epoch, beyond the head, another entry at that place, or something after it is gone: never a part that looks whole. */
  | { recovered: false };

/**
 * Reads what came after `since`, up to and with `upTo`, at most `limit` entries. A client's position is only compared, never believed.
 */
export async function recover(
  log: Log,
  topic: string,
  since: Position,
  { upTo, limit }: { upTo: Position; limit: number },
): Promise<Recovery> {
  if (since.epoch !== upTo.epoch || since.seq > upTo.seq) return { recovered: false };
  const span = await log.read(topic, { after: since.seq - 1, upTo: upTo.seq, limit: limit + 1 });
  if (span.epoch !== since.epoch || span.first > since.seq + 1) return { recovered: false };
  const [at, ...after] = span.entries;
  // Nothing stands there (any more) that the id could be compared with.
  if (at?.seq !== since.seq) return { recovered: true, entries: span.entries.slice(0, limit) };
  if (since.id !== undefined && since.id !== at.id) return { recovered: false };
  return { recovered: true, entries: after };
}
