import type { Entry, Log, Position } from "./index.ts";
import { isSamePlace, placeOf } from "./position.ts";

export interface WatchListener {
  /** The next entry: in `seq` order, each once, none left out. */
  entry(entry: Entry): void;
  /**
   * What comes next does not follow what came before: the log was lost or rolled back, or went on without us for longer than it
   * keeps.
   */
  reset(position: Position): void;
  /** The log could not be read; the watch goes on and repairs itself at the next entry or `check`. */
  failed(error: unknown): void;
  /** The subscription had missed something, which was read from the log. */
  repaired?(): void;
}

export interface Watch {
  /** The last entry that the listener has heard of. */
  readonly cursor: Position;
  /** Reads what the subscription may have missed; a lost last entry has no successor to reveal it. Never rejects. */
  check(): Promise<void>;
  /** From this turn on the listener hears nothing. */
  close(): void;
}

const REPAIR_PAGE = 200;

/** A log that has become another one so often since it was last asked is not asked again in the same turn. */
const MAX_RESUMPTIONS = 5;

/**
 * Turns a log's subscription (at most once) into a feed that is ordered, gap-free and without doubles: a cursor drops what was seen,
 * and a missing number makes it read the log. Resolves with the cursor at the log's head.
 */
export async function watch(log: Log, topic: string, listener: WatchListener): Promise<Watch> {
  let opened: LogWatch | undefined;
  let early = false;
  const unsubscribe = await log.subscribe(topic, {
    entry: (entry) => (opened ? opened.heard(entry) : void (early = true)),
    missed: () => (opened ? opened.check() : void (early = true)),
  });
  try {
    // After the subscription, so that whatever is written from here on is either heard of or found missing.
    const { epoch, head, id, lastAt } = await log.head(topic);
    const cursor = { epoch, seq: head, at: lastAt, ...(id !== undefined && { id }) };
    opened = new LogWatch(log, topic, listener, unsubscribe, cursor);
  } catch (error) {
    unsubscribe();
    throw error;
  }
  if (early) await opened.check();
  return opened;
}

class LogWatch implements Watch {
  readonly #log: Log;
  readonly #topic: string;
  readonly #listener: WatchListener;
  readonly #unsubscribe: () => void;
  #cursor: Position;
  #closed = false;
  /** The one repair under way; entries that arrive meanwhile are in the log, so it finds them. */
  #repairing: Promise<void> | undefined;
  /** Something arrived that the repair under way may not have read any more. */
  #again = false;

  constructor(log: Log, topic: string, listener: WatchListener, unsubscribe: () => void, cursor: Position) {
    this.#log = log;
    this.#topic = topic;
    this.#listener = listener;
    this.#unsubscribe = unsubscribe;
    this.#cursor = cursor;
  }

  get cursor(): Position {
    return this.#cursor;
  }

  heard(entry: Entry): void {
    const { epoch, seq } = this.#cursor;
    if (this.#closed || (entry.epoch === epoch && entry.seq <= seq)) return;
    const isNext = entry.epoch === epoch && entry.seq === seq + 1;
    if (isNext && !this.#repairing) this.#deliver(entry);
    else void this.check();
  }

  async check(): Promise<void> {
    if (this.#closed) return;
    this.#again = true;
    await (this.#repairing ??= this.#repair());
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
  }

  async #repair(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#catchUp();
      } catch (error) {
        if (!this.#closed) this.#listener.failed(error);
      }
    }
    this.#repairing = undefined;
  }

  /** Brings the cursor to where the log ends, by way of every place at which it turns out to be another one. */
  async #catchUp(): Promise<void> {
    for (let attempts = MAX_RESUMPTIONS; attempts > 0; attempts--) {
      const { from, head } = await this.#log.resume(this.#topic, this.#cursor);
      if (this.#closed) return;
      if (!isSamePlace(from, this.#cursor)) this.#reset(from);
      if (head.head <= this.#cursor.seq || (await this.#readOn())) return;
    }
    throw new Error("a log became another one each time it was read");
  }

  /** Reads page by page on from the cursor. @returns whether it got to the end: not if it is no longer the log of the cursor. */
  async #readOn(): Promise<boolean> {
    for (let pages = 0; ; pages++) {
      const { epoch, seq } = this.#cursor;
      const span = await this.#log.read(this.#topic, { after: seq, limit: REPAIR_PAGE });
      if (this.#closed) return true;
      if (span.epoch !== epoch || span.first > seq + 1 || span.head < seq) return false;
      if (pages === 0 && span.entries.length > 0) this.#listener.repaired?.();
      for (const entry of span.entries) {
        if (this.#closed) return true;
        this.#deliver(entry);
      }
      if (this.#cursor.seq >= span.head) return true;
      if (span.entries.length === 0) return false;
    }
  }

  #reset(position: Position): void {
    this.#cursor = position;
    this.#listener.reset(position);
  }

  #deliver(entry: Entry): void {
    this.#cursor = placeOf(entry);
    this.#listener.entry(entry);
  }
}
