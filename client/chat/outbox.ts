import { clock } from "../clock.ts";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import { askOn } from "../ask.ts";
import type { Channel } from "../channel.ts";
import { isUnsigned, ownFailure, RequestError } from "../failure.ts";
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

export interface OutboxOptions {
  readonly channel: Pick<Channel<typeof chat>, "socket" | "whenOpen">;
  /** Keeps a user's messages. */
  readonly storage?: ((user: string) => Shelf) | undefined;
  /** `outgoing` may give something else. */
  changed(): void;
}

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

const DISCARDED = ownFailure("not_found", "It was discarded.");
const FOREIGN = ownFailure("forbidden", "Another user has signed in since.");

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
 */
export function createOutbox({ channel, storage, changed }: OutboxOptions): Outbox {
  /** In the order in which they were written. */
  const items: Item[] = [];
  /** Up to where the rooms that are attended have told everything. */
  const places = new Map<string, { readonly epoch: string; readonly seq: number }>();
  let owner: string | undefined;
  let shelf: Shelf | undefined;
  /** The server is known to take what is sent for the owner's. */
  let isOpen = false;
  /** By how much the server's clock is ahead of ours; rather too little, so that nothing seems to be written later than it was. */
  let aheadMs = 0;
  /** The one that is on its way. */
  let flying: Item | undefined;

  const sending = askOn<typeof chat, "message:send">(channel.socket, "message:send", {
    input() {
      flying = isOpen ? items.find(({ message }) => isPending(message) && message.epoch) : undefined;
      if (!flying) return undefined;
      const { room, id } = flying.message;
      // Another tab has settled or discarded it.
      if (flying.isLoaded && shelf?.has(room, id) === false) flying.isHidden = true;
      // Kept before it goes: whoever finds it in the storage has to know since when it may be stored.
      update(flying, { triedAt: flying.message.triedAt ?? Math.floor(clock.now() + aheadMs) });
      const { state: _, triedAt, epoch, ...draft } = flying.message;
      return { ...draft, epoch: flying.isHidden ? NO_EPOCH : epoch, createdAt: triedAt };
    },
    answered({ epoch, seq }) {
      if (flying) settle(flying, { state: "sent", epoch, seq });
      sending.again();
    },
    refused(failure) {
      // That is not the message's fault: it waits for a token that is taken.
      if (!flying || isUnsigned(failure)) return;
      fail(flying, failure);
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
    const { room, id, state, ...kept } = message;
    if (isHidden || state === "sent") shelf?.remove(room, id);
    else if (!isLoaded || shelf?.has(room, id)) shelf?.save(room, id, kept);
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
    const oldest = past.find(({ isHidden }) => isHidden) ?? past[0];
    if (!oldest || past.length <= MOST) return;
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
    if (waiting.length >= MOST) throw new RequestError(ownFailure("too_large"));
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

  channel.socket.on("disconnect", () => {
    isOpen = false;
  });
  channel.whenOpen(({ user, at }) => {
    if (owner !== undefined && owner !== user.id) {
      for (const { message, tell } of items)
        if (isPending(message)) tell({ ...message, state: "failed", failure: FOREIGN });
      items.length = 0;
      shelf = undefined;
    }
    owner = user.id;
    aheadMs = at - clock.now();
    const isFirst = !shelf;
    shelf = storage?.(owner);
    if (isFirst) items.forEach(save);
    for (const kept of shelf?.load() ?? []) {
      const state = kept.failure ? "failed" : "pending";
      if (!find(kept.id)) add({ epoch: places.get(kept.room)?.epoch, ...kept, state }, true);
    }
    items.sort((one, other) => one.message.createdAt - other.message.createdAt);
    isOpen = true;
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
