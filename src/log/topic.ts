import { randomBytes } from "node:crypto";
import { CarillonError } from "../protocol/errors.ts";
import type { Clock } from "../clock.ts";
import type { Appended, Draft, Entry, Guard, Head, LogListener, Page, Position, Resumption, Span } from "./index.ts";
import { isAt, placeOf } from "./position.ts";

export interface Retention {
  readonly clock: Clock;
  /** How many counted entries a log holds. */
  readonly size: number;
  /** How long an entry stays. */
  readonly ttlSec: number;
  /** Whether entries of this kind count against `size`; the others go with the counted ones after them, or by their age. */
  readonly counts: (kind: string) => boolean;
}

/** An id holds no space, so the last one parts the two: no two authors share a key. */
const idKey = (by: string, id: string) => `${by} ${id}`;

/** What an entry says is kept as JSON has it, as any other store would: whoever wrote it may change his own copy afterwards. */
const copyOf = ({ body, content }: Draft) =>
  JSON.parse(JSON.stringify({ body, content })) as Pick<Entry, "body" | "content">;

/** One log in memory. Nothing in it waits, which is what makes each of its methods one atomic step. */
export class MemoryTopic {
  readonly listeners = new Set<LogListener>();
  readonly #retention: Retention;
  #epoch: string;
  /** Without holes; the first of them has the seq `#first`. Both ends only ever move up. */
  readonly #entries: Entry[] = [];
  #first = 1;
  #counted = 0;
  #lastAt: number;
  /** `at` of the youngest entry that was dropped: at or below it, the log cannot tell what it once held. */
  #forgottenAt: number;
  readonly #known = new Map<string, number>();
  /** Message seq → seqs of its revisions, oldest first. */
  readonly #revisions = new Map<number, number[]>();

  /** `bornAt` is when the store began: an earlier draft may have been written to one that was lost. */
  constructor(epoch: string, retention: Retention, bornAt: number) {
    this.#forgottenAt = bornAt - 1;
    this.#epoch = epoch;
    this.#retention = retention;
    this.#lastAt = retention.clock.now();
  }

  get head(): Head {
    const last = this.#entries.at(-1);
    return { epoch: this.#epoch, head: this.#head, lastAt: this.#lastAt, ...(last && { id: last.id }) };
  }

  get #head(): number {
    return this.#first + this.#entries.length - 1;
  }

  /** Drops what is too old or too much. To be called before anything is read, since time passes by itself. */
  trim(): void {
    const { clock, ttlSec, size, counts } = this.#retention;
    const oldest = clock.now() - ttlSec * 1000;
    let drop = 0;
    for (const { at, by, id, kind, seq } of this.#entries) {
      if (this.#counted <= size && at > oldest) break;
      if (counts(kind)) this.#counted--;
      this.#known.delete(idKey(by, id));
      this.#revisions.delete(seq);
      this.#forgottenAt = at;
      drop++;
    }
    if (drop > 0) this.#entries.splice(0, drop);
    this.#first += drop;
  }

  append(draft: Draft, guard: Guard): Appended {
    const known = this.find(draft.by, draft.id);
    if (known) return { entry: known, duplicate: true };
    this.#check(draft, guard);
    const entry = this.#write(draft);
    if (draft.amends?.how === "erase") this.#erase(draft.amends.target, entry.at);
    if (draft.amends?.how === "revise") this.#revise(draft.amends.target, entry.seq);
    for (const listener of this.listeners) listener.entry(entry);
    this.trim();
    return { entry, duplicate: false };
  }

  resume(seen: Position): Resumption {
    if (seen.epoch === this.#epoch && !this.#stands(seen)) this.#renew();
    return { from: this.#goOn(seen), head: this.head };
  }

  find(by: string, id: string): Entry | undefined {
    const seq = this.#known.get(idKey(by, id));
    return seq === undefined ? undefined : this.#at(seq);
  }

  read(after: number, upTo: number, limit: number): Span {
    const from = Math.max(after + 1, this.#first);
    const to = Math.min(upTo, this.#head, from + limit - 1);
    const entries = this.#entries.slice(from - this.#first, Math.max(0, to - this.#first + 1));
    return { ...this.head, first: this.#first, entries };
  }

  messages(before: number, limit: number): Page {
    const found: Entry[] = [];
    for (let seq = Math.min(before - 1, this.#head); seq >= this.#first && found.length <= limit; seq--) {
      const entry = this.#at(seq);
      if (entry && this.#isMessage(entry)) found.push(this.#folded(entry));
    }
    return {
      epoch: this.#epoch,
      head: this.#head,
      entries: found.slice(0, limit).toReversed(),
      more: found.length > limit,
    };
  }

  count(after: number, upTo: number, except: string): number {
    const newer = this.#entries.slice(Math.max(0, after + 1 - this.#first), Math.max(0, upTo + 1 - this.#first));
    return newer.filter((entry) => this.#isMessage(entry) && entry.erasedAt === undefined && entry.by !== except)
      .length;
  }

  #at(seq: number): Entry | undefined {
    return this.#entries[seq - this.#first];
  }

  /** Whether the log may still be the one in which this was seen: nothing there says that it is not. */
  #stands({ seq, ...seen }: Position): boolean {
    const entry = this.#at(seq);
    return seq <= this.#head && (!entry || seen.id === undefined || isAt(seen, entry));
  }

  /** What is kept in memory is never rolled back; whoever says that it was is taken at his word, as by any other store. */
  #renew(): void {
    this.#epoch = randomBytes(9).toString("base64url");
    for (const [index, entry] of this.#entries.entries()) this.#entries[index] = { ...entry, epoch: this.#epoch };
  }

  #goOn(seen: Position): Position {
    const { epoch, seq } = seen;
    const begins = this.#first - 1;
    if (epoch === this.#epoch) return seq >= begins ? seen : { epoch, seq: begins };
    const entry = this.#at(seq);
    const stands = entry !== undefined && isAt(seen, entry);
    return entry && stands ? placeOf(entry) : { epoch: this.#epoch, seq: begins };
  }

  #isMessage(entry: Entry): boolean {
    return entry.target === undefined && this.#retention.counts(entry.kind);
  }

  #check({ amends }: Draft, { refusal, epoch, createdAt, author }: Guard): void {
    if (refusal) throw refusal;
    if (epoch !== undefined && epoch !== this.#epoch) throw new CarillonError("conflict");
    if (createdAt !== undefined && createdAt <= this.#forgottenAt) throw new CarillonError("too_late");
    if (!amends) return;
    const target = this.#at(amends.target);
    if (!target || !this.#isMessage(target) || target.erasedAt !== undefined) throw new CarillonError("not_found");
    if (author !== undefined && author !== target.by) throw new CarillonError("forbidden");
  }

  #write(draft: Draft): Entry {
    const { amends, id, by, kind } = draft;
    const entry: Entry = {
      epoch: this.#epoch,
      seq: this.#head + 1,
      at: Math.max(this.#retention.clock.now(), this.#lastAt),
      id,
      by,
      kind,
      ...copyOf(draft),
      ...(amends && { target: amends.target }),
    };
    this.#entries.push(entry);
    this.#known.set(idKey(by, id), entry.seq);
    this.#lastAt = entry.at;
    if (this.#retention.counts(kind)) this.#counted++;
    return entry;
  }

  #revise(target: number, seq: number): void {
    const revisions = this.#revisions.get(target);
    if (revisions) revisions.push(seq);
    else this.#revisions.set(target, [seq]);
  }

  #erase(target: number, erasedAt: number): void {
    for (const seq of [target, ...(this.#revisions.get(target) ?? [])]) {
      const entry = this.#at(seq);
      if (!entry) continue;
      // Another entry in its place, not this one without its content: somebody may hold it.
      const { content: _, ...rest } = entry;
      this.#entries[seq - this.#first] = { ...rest, erasedAt };
    }
    this.#revisions.delete(target);
  }

  #folded(message: Entry): Entry {
    const last = this.#revisions.get(message.seq)?.at(-1);
    const revision = last === undefined ? undefined : this.#at(last);
    if (!revision) return message;
    return { ...message, content: { ...message.content, ...revision.content }, revisedAt: revision.at };
  }
}
