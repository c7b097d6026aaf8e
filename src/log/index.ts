import type { CarillonError } from "../protocol/errors.ts";

/** A place in a log. `id`, where given, is that of the entry at `seq`. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
  readonly id?: string | undefined;
  /**
   * When the entry at `seq` was written. Where a log was rolled back, the same id may come to stand at the same `seq` once more,
   * but never at the same time: the two together name one writing. Clients neither have nor give it.
   */
  readonly at?: number | undefined;
}

/** What somebody wants to have written. */
export interface Draft {
  /** Unique for `by` in this log: writing it again is answered with what was written first. It holds no space. */
  readonly id: string;
  /** Who writes; a user id, or a name that no user id can be. */
  readonly by: string;
  /** What kind of entry it is, in the words of whoever owns the log. */
  readonly kind: string;
  /** What stays for as long as the entry does. Like `content` it is JSON, and copied: what the writer does to it later is his own. */
  readonly body: Readonly<Record<string, unknown>>;
  /** What a message says, and what is gone once it is erased. */
  readonly content?: Readonly<Record<string, unknown>>;
  /**
   * Makes the entry one about an earlier message: `revise` puts this entry's content over the message's, `erase` takes the content
   * of the message and of all its revisions, in the same atomic step.
   */
  readonly amends?: { readonly target: number; readonly how: "revise" | "erase" };
}

/** An entry as it stands in a log. Entries are never changed in place: whoever holds one holds what it was. */
export interface Entry {
  readonly epoch: string;
  /** 1, 2, 3, … within an epoch, without holes. */
  readonly seq: number;
  /** Epoch milliseconds by the log's clock; never earlier than the entry before it. */
  readonly at: number;
  readonly id: string;
  readonly by: string;
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, unknown>>;
  readonly target?: number;
  /** Only on a folded message: when it was last revised. */
  readonly revisedAt?: number;
  /** When this message, or the message that it revises, was erased. */
  readonly erasedAt?: number;
}

/** What has to hold in the same atomic step that numbers the entry. All of it is asked only of an id that the log does not know. */
export interface Guard {
  /** A refusal that is already known. It is here, not before the append, because a known id is answered first. */
  readonly refusal?: CarillonError | undefined;
  /** The log's epoch has to be this one, else `conflict`. */
  readonly epoch?: string | undefined;
  /** Whoever the amended message must be by, else `forbidden`. */
  readonly author?: string | undefined;
  /**
   * When the draft was made. If the log has dropped entries as young as that, or is younger itself, the draft may have been written
   * and be gone: `too_late`.
   */
  readonly createdAt?: number | undefined;
}

export interface Appended {
  readonly entry: Entry;
  /** The id was known: `entry` is what was written then. */
  readonly duplicate: boolean;
}

export interface Head {
  readonly epoch: string;
  /** The last seq that was given in this epoch; 0 if none. It outlives the entries. */
  readonly head: number;
  /** Of the last entry; of the epoch's beginning, if there is none. */
  readonly lastAt: number;
  /** Of the last entry, while it is in the log. */
  readonly id?: string;
}

/** Where whoever was at some position of a log has to go on. */
export interface Resumption {
  /** The position itself where nothing has come between; else what follows it does not follow what was read before. */
  readonly from: Position;
  readonly head: Head;
}

/** What a subscription tells. */
export interface LogListener {
  entry(entry: Entry): void;
  /**
   * Something may not have been told, or what is stored may have changed: it is for the listener to look. A promise says when it
   * has looked, so that not everybody looks at once; it must not reject.
   */
  missed(): void | Promise<void>;
}

/** A stretch of a log, oldest first, without holes. */
export interface Span extends Head {
  /** The oldest seq that is still in the log; `head` + 1 if none is. */
  readonly first: number;
  readonly entries: readonly Entry[];
}

/** A page of messages, oldest first, each with its present content. */
export interface Page {
  readonly epoch: string;
  /** As of the log it is a page of, so that a reader can tell whether it is the log that he takes it for. */
  readonly head: number;
  readonly entries: readonly Entry[];
  /** Whether there are older ones. */
  readonly more: boolean;
}

/**
 * Ordered logs, one a topic: what must not be lost. Every implementation passes `test/log/suite.ts`.
 *
 * An id is known for exactly as long as its entry is in the log. Methods reject with `unavailable` when the store is out; after an
 * `append` that means that the outcome is unknown, and that appending the same id again tells it.
 *
 * Names of topics come from clients. Looking into one that was never written (`find`, `read`, `messages`, `count`) keeps nothing.
 */
export interface Log {
  /**
   * Writes an entry: dedupe, guard, number, store, trim and publish are one atomic step.
   * @throws CarillonError what the guard says; `not_found` when the amended message is not there or erased.
   */
  append(topic: string, draft: Draft, guard?: Guard): Promise<Appended>;
  /** The entry that `append` would answer with as a duplicate. */
  find(topic: string, by: string, id: string): Promise<Entry | undefined>;
  /** Where the log ends. The first call makes the log's epoch. */
  head(topic: string): Promise<Head>;
  /**
   * Compares a position that this process has seen in the log with what stands there now. A log that is behind it, or has another
   * entry there, was rolled back and would number again under an old epoch: it begins a new one in the same step, with the entries
   * that it still has. One goes on
   * - from `seen` itself where nothing has happened;
   * - from the same place in the new epoch where the entry at `seen` still stands: nothing comes twice;
   * - else from where the log was rolled back to: what was written there since by those who had not noticed comes once;
   * - from where the log begins, where entries after that are gone.
   *
   * `seen` is believed: a position that a client gave must have been compared (`recover`) before.
   */
  resume(topic: string, seen: Position): Promise<Resumption>;
  /** Entries after `after` and up to `upTo`, at most `limit`, as they were written (erased ones without content). */
  read(topic: string, range: { after: number; upTo?: number; limit: number }): Promise<Span>;
  /** The newest `limit` messages before `before` and after nothing: what a reader who comes now has to see. */
  messages(topic: string, range: { before?: number; limit: number }): Promise<Page>;
  /** How many messages after `after` and up to `upTo` by others than `except` are in the log and not erased. */
  count(topic: string, range: { after: number; upTo?: number; except: string }): Promise<number>;
  /**
   * Hears of entries as they are written: at most once, perhaps late, perhaps not at all. `watch` makes it ordered and gap-free.
   * Resolves when everything that is written from then on will be published to the listener.
   */
  subscribe(topic: string, listener: LogListener): Promise<() => void>;
}
