import { createRun, type Paging } from "../run.ts";
import type { Entry, Position, RoomChange } from "./follow.ts";

/** The messages of a room, folded from what `follow` tells and from pages of what was before: always a run of the log without holes. */
export interface Timeline {
  /** Of the log; `undefined` until something was told. */
  readonly epoch: string | undefined;
  /** The `seq` up to which everything was told. */
  readonly head: number;
  /** There may be older messages than those that are held. */
  readonly more: boolean;
  /** Oldest first; the same array until something changes. */
  readonly messages: readonly Entry[];
  apply(change: RoomChange): void;
  /** Begins to read what comes before; `undefined` where nothing was told yet. */
  page(): Paging<Entry> | undefined;
  /** How many undeleted messages of others come after `marker`; `undefined` where not all of them are held. */
  unread(marker: number, self: string | undefined): number | undefined;
}

/** What is held of a room that somebody attends for weeks; whoever pages back holds more until something new comes. */
const MOST_HELD = 20_000;

/** `since` is where one has left off, if anywhere: nothing up to there is held. */
export function createTimeline(since?: Position, mostHeld = MOST_HELD): Timeline {
  const run = createRun(fold);
  let epoch = since?.epoch;
  let head = since?.seq ?? 0;
  if (since) run.reset([], since.epoch, head);
  return {
    get epoch() {
      return epoch;
    },
    get head() {
      return head;
    },
    get messages() {
      return run.held;
    },
    get more() {
      return run.more;
    },
    apply(change) {
      epoch = change.epoch;
      if (change.kind === "reset") {
        head = change.head;
        return run.reset(change.entries, epoch, head);
      }
      head = change.seq;
      if (change.kind === "sent") run.push([change], mostHeld);
      else run.amend(change);
    },
    page: run.page,
    unread(marker, self) {
      if (run.more && run.floor > marker + 1) return undefined;
      const isUnread = ({ seq, from, deletedAt }: Entry) => seq > marker && from.id !== self && deletedAt === undefined;
      return run.held.filter(isUnread).length;
    },
  };
}

/** An older edit never undoes a newer one, and nothing undoes a deletion: a log's times never go back. */
function fold(message: Entry, amendment: Entry): Entry {
  if (amendment.target !== message.seq || message.deletedAt !== undefined) return message;
  const { kind, at, text } = amendment;
  // An edit that comes without its text is one of a message that was deleted since.
  const deletedAt = kind === "deleted" ? at : amendment.deletedAt;
  if (deletedAt !== undefined) {
    const { text: _text, data: _data, editedAt: _editedAt, ...rest } = message;
    return { ...rest, deletedAt };
  }
  return at < (message.editedAt ?? 0) ? message : { ...message, text, editedAt: at };
}
