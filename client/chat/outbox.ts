import { clock } from "../clock.ts";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import { askOn } from "../ask.ts";
import type { Channel } from "../channel.ts";
import { finalFailure, isUnsigned, ownError } from "../failure.ts";
import type { Shelf } from "./outbox-storage.ts";
import { type Draft, isPending, newId, type Outgoing } from "./outgoing.ts";

/** The messages of all rooms on their way out. */
export interface Outbox {
  /** All of a room that is not settled, or was sent and did not come back yet; in the order in which they were written. */
  outgoing(room: string): readonly Outgoing[];
  /**
   * Takes a copy of the draft.
   * @throws RequestError `too_large` where 100 of the room wait already
   * @throws TypeError where JSON cannot say what is in `data`
   */
  send(room: string, draft: Draft): Outgoing;
  /**
   * How it went, also a while afterwards. A message that was discarded has failed, unless it was stored before; so has one whose writer has
   * signed out, as far as this page can say: it stays in the storage, for when that user is back. Rejects with a RangeError where there is none
   * of this id.
   */
  settled(id: string): Promise<Outgoing>;
  /** @throws RangeError where none has failed under this id */
  retry(id: string): Outgoing;
  /**
   * Forgets a message that failed or waits. One that was on its way already may be stored: it is sent no more, but the server is still asked
   * what came of it, for whoever waits for `settled`; if it was stored, it is in the room like any other.
   */
  discard(id: string): void;
  /** A room has shown what is stored under this id. */
  shown(id: string): void;
  /**
   * A room has told all of its log up to here, or is past it: what is stored there will not come any more. What waits may be sent; each message
   * is tied to the first epoch that it meets.
   */
  told(room: string, epoch: string, seq: number): void;
  /** Nobody shows the room any longer: what was sent is done with. */
  left(room: string): void;
}

/** What is used of a channel. */
export type OutboxChannel = Pick<Channel<typeof chat>, "socket" | "getSnapshot" | "now" | "whenOpen">;

/** One message, and what only the outbox has to know of it. */
interface Item {
  message: Outgoing;
  /** It came from the storage, which another tab may share. */
  readonly isLoaded: boolean;
  /** Nobody has to see it any more, since it is in the room or was discarded; it is only asked what came of it. */
  isHidden: boolean;
  readonly settled: Promise<Outgoing>;
  tell(message: Outgoing): void;
}

/** Of those that wait in a room, and of those whose outcome is remembered. */
const MOST = 100;

const DISCARDED = finalFailure("not_found");
/** Another user has signed in since. */
const FOREIGN = finalFailure("forbidden");

/** An epoch that no log has: under it the server still says what it knows of an id, and stores nothing. */
const NO_EPOCH = "-";

/**
 * Sends one message after another, each until somebody has said what came of it, so that they are stored in the order in which they were
 * written; and under an id of its own, so that none is stored twice. It also sends those of rooms that were left, and what another page has
 * left in the storage.
 *
 * A log that was reset has forgotten which ids it had: therefore each message goes with the epoch that it was written in, and is refused in
 * any other. A log that is trimmed forgets too: for that it goes with the time when it was first sent, by the server's clock. It may have
 * waited offline for long before, or have been written by a clock that is wrong, and neither is a reason to refuse it.
 *
 * `storage`: keeps a user's messages. `changed`: `outgoing` may give something else.
 */
export function createOutbox(
  channel: OutboxChannel,
  storage: ((user: string) => Shelf) | undefined,
  changed: () => void,
): Outbox {
  /** In the order in which they were written. */
  const items: Item[] = [];
  /** Up to where the rooms that are attended have told everything. */
  const places = new Map<string, { readonly epoch: string; readonly seq: number }>();
  let owner: string | undefined;
  let shelf: Shelf | undefined;
  /** The one that is on its way: there is one whenever an answer comes. */
  let flying: Item | undefined;

  const sending = askOn<typeof chat, "message:send">(channel.socket, "message:send", {
    input() {
      flying = items.find(({ message }) => isPending(message) && message.epoch);
      // It is only then that the server is known to take what is sent for the owner's.
      if (!flying || channel.getSnapshot().status !== "open") return undefined;
      // Another tab has settled or discarded it.
      if (flying.isLoaded && shelf?.has(flying.message) === false) flying.isHidden = true;
      // Kept before it goes: whoever finds it in the storage has to know since when it may be stored.
      update(flying, { triedAt: flying.message.triedAt ?? channel.now() });
      const { state: _, triedAt, epoch, ...draft } = flying.message;
      return { ...draft, epoch: flying.isHidden ? NO_EPOCH : epoch, createdAt: triedAt };
    },
    answered({ epoch, seq }) {
      settle(flying as Item, { state: "sent", epoch, seq });
      sending.again();
    },
    refused(failure) {
      // That is not the message's fault: it waits for a token that is taken.
      if (isUnsigned(failure)) return;
      fail(flying as Item, failure);
      sending.again();
    },
  });

  function add(message: Outgoing, isLoaded = false): Item {
    let tell!: Item["tell"];
    const settled = new Promise<Outgoing>((resolve) => (tell = resolve));
    if (!isPending(message)) tell(message);
    const item = { message, isLoaded, isHidden: false, settled, tell };
    items.push(item);
    return item;
  }

  function save({ message, isLoaded, isHidden }: Item): void {
    if (isHidden || message.state === "sent") shelf?.remove(message);
    else if (!isLoaded || shelf?.has(message)) shelf?.save(message);
  }

  function update(item: Item, change: Partial<Outgoing>): void {
    item.message = { ...item.message, ...change };
    save(item);
    changed();
  }

  function hide(item: Item): void {
    item.isHidden = true;
    update(item, {});
  }

  function settle(item: Item, outcome: Partial<Outgoing>): void {
    update(item, outcome);
    item.tell(item.message);
    if (isPast(item.message)) hide(item);
    const past = items.filter(({ message }) => !isPending(message));
    if (past.length <= MOST) return;
    const oldest = (past.find(({ isHidden }) => isHidden) ?? past[0]) as Item;
    hide(oldest);
    items.splice(items.indexOf(oldest), 1);
  }

  function fail(item: Item, failure: Failure): void {
    settle(item, { state: "failed", failure: item.isHidden ? DISCARDED : failure });
  }

  /** It will not be told any more. */
  function isPast({ room, state, epoch, seq = 0 }: Outgoing): boolean {
    const place = places.get(room);
    return state === "sent" && !(place?.epoch === epoch && seq > (place?.seq ?? 0));
  }

  function hidePast(room: string): void {
    for (const item of items) if (item.message.room === room && !item.isHidden && isPast(item.message)) hide(item);
  }

  const find = (id: string) => items.find(({ message }) => message.id === id);

  function send(room: string, { text, type, data, replyTo }: Draft): Outgoing {
    const waiting = items.filter(({ message }) => message.room === room && isPending(message));
    if (waiting.length >= MOST) throw ownError("too_large");
    const draft = JSON.parse(JSON.stringify({ text, type, data, replyTo })) as Draft;
    // Later than the last, so that they come in order out of the storage.
    const createdAt = Math.max(clock.now(), ...items.map(({ message }) => message.createdAt + 1));
    const { epoch } = places.get(room) ?? {};
    const item = add({ id: newId(), room, ...draft, createdAt, state: "pending", epoch });
    save(item);
    changed();
    sending.again();
    return item.message;
  }

  channel.whenOpen(({ user }) => {
    if (owner !== undefined && owner !== user.id) {
      // Whoever was told of an outcome hears no other.
      for (const { message, tell } of items) tell({ ...message, state: "failed", failure: FOREIGN });
      items.length = 0;
      shelf = undefined;
    }
    owner = user.id;
    if (!shelf) {
      shelf = storage?.(owner);
      items.forEach(save);
    }
    for (const kept of shelf?.load() ?? [])
      if (!find(kept.id)) add({ epoch: places.get(kept.room)?.epoch, ...kept }, true);
    items.sort((one, other) => one.message.createdAt - other.message.createdAt);
    changed();
    sending.again();
  });

  return {
    outgoing: (room) =>
      items.filter(({ message, isHidden }) => message.room === room && !isHidden).map(({ message }) => message),
    send,
    settled: (id) => find(id)?.settled ?? Promise.reject(missing(id)),
    retry(id) {
      const item = find(id);
      if (item?.message.state !== "failed" || item.isHidden) throw missing(id);
      const message = send(item.message.room, item.message);
      hide(item);
      return message;
    },
    discard(id) {
      const item = find(id);
      if (!item || item.message.state === "sent") return;
      hide(item);
      if (item.message.triedAt === undefined) fail(item, DISCARDED);
    },
    shown(id) {
      const item = find(id);
      if (item && !item.isHidden) hide(item);
    },
    told(room, epoch, seq) {
      places.set(room, { epoch, seq });
      for (const item of items) {
        if (item.message.room === room && !item.message.epoch) update(item, { epoch });
      }
      hidePast(room);
      sending.again();
    },
    left(room) {
      places.delete(room);
      hidePast(room);
    },
  };
}

function missing(id: string): RangeError {
  return new RangeError(`No such message: ${id}`);
}
