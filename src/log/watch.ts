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
  /** Reads what the subscription may have missed; a lost last entry has no successor to reveal it. Never rejects. */
  check(): Promise<void>;
  /** From this turn on the listener hears nothing. */
  close(): void;
}

const REPAIR_PAGE = 200;

/**
 * Turns a log's subscription (at most once) into a feed that is ordered, gap-free and without doubles: a cursor drops what was seen,
 * and a missing number makes it read the log. Resolves with the cursor at the log's head.
 */
export async function watch(log: Log, topic: string, listener: WatchListener): Promise<Watch> {
  let opened: LogWatch | undefined;
  let early = false;
  const unsubscribe = await log.subscribe(topic, (entry) => {
    if (opened) opened.heard(entry);
    else early = true;
  });
  try {
    // After the subscription, so that whatever is written from here on is either heard of or found missing.
    const { epoch, head } = await log.head(topic);
    opened = new LogWatch((after) => log.read(topic, { after, limit: REPAIR_PAGE }), listener, unsubscribe, {
      epoch,
      seq: head,
    });
  } catch (error) {
    unsubscribe();
    throw error;
  }
  if (early) await opened.check();
  return opened;
}

class LogWatch implements Watch {
  readonly #read: (after: number) => ReturnType<Log["read"]>;
  readonly #listener: WatchListener;
  readonly #unsubscribe: () => void;
  #cursor: Position;
  #closed = false;
  /** The one repair under way; entries that arrive meanwhile are in the log, so it finds them. */
  #repairing: Promise<void> | undefined;
  /** Something arrived that the repair under way may not have read any more. */
  #again = false;

  constructor(
    read: (after: number) => ReturnType<Log["read"]>,
    listener: WatchListener,
    unsubscribe: () => void,
    cursor: Position,
  ) {
    this.#read = read;
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
        while (await this.#advance());
      } catch (error) {
        if (!this.#closed) this.#listener.failed(error);
      }
    }
    this.#repairing = undefined;
  }

  /** Reads one page on from the cursor. @returns whether there is more. */
  async #advance(): Promise<boolean> {
    const { epoch, seq } = this.#cursor;
    const span = await this.#read(seq);
    if (this.#closed) return false;
    if (span.epoch !== epoch || span.first > seq + 1) {
      this.#cursor = { epoch: span.epoch, seq: span.first - 1 };
      this.#listener.reset(this.#cursor);
      return true;
    }
    for (const entry of span.entries) {
      if (this.#closed) return false;
      this.#deliver(entry);
    }
    return this.#cursor.seq < span.head;
  }

  #deliver(entry: Entry): void {
    this.#cursor = { epoch: entry.epoch, seq: entry.seq, id: entry.id };
    this.#listener.entry(entry);
  }
}
