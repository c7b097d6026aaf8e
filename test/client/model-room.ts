import type { Entry, Joined, Position } from "../../client/chat/follow.ts";
import type { Presence } from "../../client/chat/people.ts";
import type { Page } from "../../client/run.ts";
import type { Random } from "../kit/random.ts";

export const ROOM = "r";
export const SELF = "me";

type Kind = Entry["kind"];

interface Written {
  readonly kind: Kind;
  readonly user: string;
  readonly target?: number;
}

/** What is written is of no account, as long as each is another. */
let written = 0;

/** A room's log as the protocol says that it is, in the plainest form: what is folded is folded anew for each look. */
export class ModelRoom {
  epoch = "epoch-0";
  head = 0;
  marker = 0;
  present: Presence = { version: 1, members: [], memberCount: 0 };
  readonly #size: number;
  #entries: Entry[] = [];
  #at = 1_000;
  #resets = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get first(): number {
    return this.#entries[0]?.seq ?? this.head + 1;
  }

  /** What may be edited and deleted. */
  get targets(): readonly Entry[] {
    return this.folded().filter(({ deletedAt }) => deletedAt === undefined);
  }

  /** Times often repeat, and never go back. */
  append({ kind, user, target }: Written, random: Random): Entry {
    this.#at += random.below(2);
    const text = kind === "deleted" ? {} : { text: `text ${++written}` };
    const entry: Entry = {
      room: ROOM,
      epoch: this.epoch,
      seq: ++this.head,
      kind,
      id: `id-${++written}`,
      from: { id: user, name: user },
      at: this.#at,
      ...text,
      ...(target !== undefined && { target }),
    };
    if (kind === "deleted") this.#erase(target);
    this.#entries.push(entry);
    this.#entries = this.#entries.slice(-this.#size);
    return entry;
  }

  /** The log is lost; `isEmpty`: another one begins where it has ended, else from nothing. */
  reset(isEmpty: boolean): void {
    this.epoch = `epoch-${++this.#resets}`;
    this.#entries = [];
    if (isEmpty) this.head = 0;
    this.marker = 0;
  }

  folded(before = Infinity): Entry[] {
    const messages = this.#entries.filter(({ kind, seq }) => kind === "sent" && seq < before);
    return messages.map((message) => {
      const edits = this.#entries.filter(({ kind, target }) => kind === "edited" && target === message.seq);
      const { text, at } = edits.at(-1) ?? {};
      if (message.deletedAt !== undefined || text === undefined || at === undefined) return message;
      return { ...message, text, editedAt: at };
    });
  }

  /** What an ack has, and what follows it as events. */
  join(since: Position | undefined, limit: number): { data: Joined; rest: readonly Entry[] } {
    const { epoch, head, marker } = this;
    const present = { marker, unread: this.unread(marker), ...this.present, members: [...this.present.members] };
    const about = { room: ROOM, epoch, head, ...present };
    if (since && this.#stands(since)) {
      const missed = this.#entries.filter(({ seq }) => seq > since.seq);
      return { data: { ...about, recovered: true, entries: missed.slice(0, limit) }, rest: missed.slice(limit) };
    }
    const entries = this.folded().slice(-limit);
    return { data: { ...about, recovered: since ? false : null, entries }, rest: [] };
  }

  page(before: number, limit: number): Page<Entry> {
    const all = this.folded(before);
    return { epoch: this.epoch, entries: all.slice(-limit), more: all.length > limit };
  }

  unread(marker: number): number {
    return this.targets.filter(({ seq, from }) => seq > marker && from.id !== SELF).length;
  }

  #stands({ epoch, seq, id }: Position): boolean {
    if (epoch !== this.epoch || seq > this.head || seq < this.first - 1) return false;
    const entry = this.#entries.find((each) => each.seq === seq);
    return id === undefined || entry === undefined || entry.id === id;
  }

  #erase(target: number | undefined): void {
    this.#entries = this.#entries.map((entry) => {
      if (entry.seq !== target && entry.target !== target) return entry;
      const { text: _, ...rest } = entry;
      return { ...rest, deletedAt: this.#at };
    });
  }
}
