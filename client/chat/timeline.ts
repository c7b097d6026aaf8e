import { createLive } from "../live.ts";
import type { Entry, Position, RoomChange, RoomReset } from "./follow.ts";

/** What `history:read` answers. */
export interface HistoryPage {
  readonly epoch: string;
  readonly entries: readonly Entry[];
  readonly more: boolean;
}

/** A page of older messages that is on its way. */
export interface Paging {
  /** What to ask for. */
  readonly asked: { readonly before: number; readonly epoch: string };
  /**
   * Takes the page in, or nothing where none came, or where what is held is no longer what the page was asked for.
   * @returns the messages that were taken in
   */
  end(page?: HistoryPage): readonly Entry[];
}

/** The messages of a room, folded from what `follow` tells and from pages of what was before: always a run of the log without holes. */
export interface Timeline {
  /** Of the log; `undefined` until something was told. */
  readonly epoch: string | undefined;
  /** The `seq` up to which everything was told. */
  readonly head: number;
  /** There may be older messages than those that are held. */
  readonly more: boolean;
  /** Oldest first; the same array until something changes. */
  messages(): readonly Entry[];
  find(seq: number): Entry | undefined;
  apply(change: RoomChange): void;
  /** Begins to read what comes before; `undefined` where nothing was told yet. */
  page(): Paging | undefined;
  /** How many undeleted messages of others come after `marker`; `undefined` where not all of them are held. */
  unread(marker: number, self: string | undefined): number | undefined;
}

/** What is held of a room that somebody attends for weeks; whoever pages back holds more until something new comes. */
const MOST_HELD = 20_000;

/** `since` is where one has left off, if anywhere: nothing up to there is held. */
export function createTimeline(since?: Position, mostHeld = MOST_HELD): Timeline {
  let epoch = since?.epoch;
  let head = since?.seq ?? 0;
  /** All messages from here on are held. */
  let floor = head + 1;
  let more = floor > 1;
  let held: Entry[] = [];
  /** The newest amendment of each message that is not held, since a page of them is on its way: it may have been read before. */
  let late: Map<number, Entry> | undefined;
  const shown = createLive((): readonly Entry[] => [...held]);

  function reset({ entries, ...to }: RoomReset): void {
    ({ epoch, head } = to);
    held = [...entries];
    floor = held[0]?.seq ?? head + 1;
    more = floor > 1;
    late = undefined;
  }

  function push(message: Entry): void {
    held.push(message);
    if (held.length <= mostHeld) return;
    held.splice(0, held.length - mostHeld);
    floor = held[0]?.seq ?? floor;
    more = true;
  }

  function amend(amendment: Entry): void {
    const { target = 0 } = amendment;
    if (target < floor) return void late?.set(target, amendment);
    const place = held.findLastIndex(({ seq }) => seq === target);
    const message = held[place];
    if (message) held[place] = fold(message, amendment);
  }

  return {
    get epoch() {
      return epoch;
    },
    get head() {
      return head;
    },
    get more() {
      return more;
    },
    messages: shown.getSnapshot,
    find: (wanted) => held.findLast(({ seq }) => seq === wanted),
    apply(change) {
      shown.changed();
      if (change.kind === "reset") return reset(change);
      ({ epoch, seq: head } = change);
      if (change.kind === "sent") push(change);
      else amend(change);
    },
    page() {
      if (epoch === undefined) return undefined;
      const asked = { before: floor, epoch };
      const own = (late = new Map<number, Entry>());
      return {
        asked,
        end(page) {
          if (late !== own) return [];
          late = undefined;
          if (!page || page.epoch !== epoch || floor !== asked.before) return [];
          const older = page.entries.map((message) => fold(message, own.get(message.seq)));
          held = [...older, ...held];
          floor = older[0]?.seq ?? floor;
          ({ more } = page);
          shown.changed();
          return older;
        },
      };
    },
    unread(marker, self) {
      if (more && floor > marker + 1) return undefined;
      const newer = held.slice(held.findLastIndex(({ seq }) => seq <= marker) + 1);
      return newer.filter(({ from, deletedAt }) => from.id !== self && deletedAt === undefined).length;
    },
  };
}

/** An older edit never undoes a newer one, and nothing undoes a deletion: a log's times never go back. */
function fold(message: Entry, amendment: Entry | undefined): Entry {
  if (!amendment || message.deletedAt !== undefined) return message;
  const { kind, at, text } = amendment;
  // An edit that comes without its text is one of a message that was deleted since.
  const deletedAt = kind === "deleted" ? at : amendment.deletedAt;
  if (deletedAt !== undefined) {
    const { text: _text, data: _data, editedAt: _editedAt, ...rest } = message;
    return { ...rest, deletedAt };
  }
  if (at < (message.editedAt ?? 0)) return message;
  return { ...message, ...(text !== undefined && { text }), editedAt: at };
}
