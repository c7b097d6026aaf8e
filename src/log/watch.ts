import type { Entry, Log, Position } from "./index.ts";

export interface WatchListener {
  /** The next entry: in `seq` order, each once, none left out. */
  entry(entry: Entry): void;
  /** What comes next does not follow what came before: the log was lost, or went on without us for longer than it keeps. */
  reset(position: Position): void;
  /** The log could not be read; the watch goes on and repairs itself at the next entry or `check`. */
  failed(error: unknown): void;
}

export interface Watch {
  /** The last entry that the listener has heard of. */
  readonly cursor: Position;
  /** Reads what the subscription may have missed; a lost last entry has no successor to reveal it. */
  check(): Promise<void>;
  close(): void;
}

const REPAIR_PAGE = 200;

/**
 * Turns a log's subscription (at most once) into a feed that is ordered, gap-free and without doubles: a cursor drops what was seen,
 * and a missing number makes it read the log. Resolves with the cursor at the log's head.
 */
export async function watch(log: Log, topic: string, listener: WatchListener): Promise<Watch> {
  let cursor: Position | undefined;
  let closed = false;
  /** The one repair under way; entries that arrive meanwhile are in the log, so it finds them. */
  let repairing: Promise<void> | undefined;
  /** Something arrived that the repair under way may not have read any more. */
  let again = false;

  function deliver(entry: Entry): void {
    cursor = { epoch: entry.epoch, seq: entry.seq, id: entry.id };
    listener.entry(entry);
  }

  function reset(position: Position): void {
    cursor = position;
    listener.reset(position);
  }

  /** Reads one page on from the cursor. @returns whether there is more. */
  async function advance(from: Position): Promise<boolean> {
    const span = await log.read(topic, { after: from.seq, limit: REPAIR_PAGE });
    if (closed) return false;
    if (span.epoch !== from.epoch) {
      reset({ epoch: span.epoch, seq: 0 });
      return true;
    }
    if (span.first > from.seq + 1) reset({ epoch: span.epoch, seq: span.first - 1 });
    for (const entry of span.entries) if (!closed) deliver(entry);
    return cursor !== undefined && cursor.seq < span.head;
  }

  async function repair(): Promise<void> {
    try {
      do {
        again = false;
        while (cursor && (await advance(cursor)));
      } while (again && !closed);
    } catch (error) {
      listener.failed(error);
    } finally {
      repairing = undefined;
    }
  }

  function check(): Promise<void> {
    again = true;
    return (repairing ??= repair());
  }

  const unsubscribe = await log.subscribe(topic, (entry) => {
    if (closed) return;
    if (!cursor) {
      again = true;
      return;
    }
    const next = entry.epoch === cursor.epoch && entry.seq === cursor.seq + 1;
    const seen = entry.epoch === cursor.epoch && entry.seq <= cursor.seq;
    if (seen) return;
    if (next && !repairing) deliver(entry);
    else void check();
  });
  // After the subscription, so that whatever is written from here on is either heard of or found missing.
  const { epoch, head } = await log.head(topic);
  cursor = { epoch, seq: head };
  if (again) await check();

  return {
    get cursor() {
      return cursor as Position;
    },
    check,
    close() {
      closed = true;
      unsubscribe();
    },
  };
}
