import type { Clock } from "../../src/clock.ts";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Channel } from "../channel.ts";
import { openShelf, type OutboxStorage, type Shelf } from "./outbox-storage.ts";
import { createOutbox, type KeptOutbox } from "./outbox.ts";
import type { Pace } from "./pace.ts";

/** The outboxes of all rooms. */
export interface Outboxes {
  /** The same for a room as long as anybody holds it: two would not keep the order. */
  of(room: string): KeptOutbox;
  close(): void;
}

export interface OutboxesOptions {
  readonly storage?: OutboxStorage | undefined;
  readonly clock: Clock;
  readonly pace: Pace;
  /** The rooms that are attended. */
  readonly attended: ReadonlyMap<string, { outboxChanged(): void }>;
}

/**
 * Sends what was written, also of rooms that were left, and what another page has left in the storage, also of rooms that nobody has joined
 * in this one: of these, as soon as their epoch is known, which it is where they were joined when it was written.
 */
export function createOutboxes(
  channel: Channel<typeof chat>,
  { storage, clock, pace, attended }: OutboxesOptions,
): Outboxes {
  const known = new Map<string, WeakRef<KeptOutbox>>();
  /** Those that have something to do, which nobody else may hold. */
  const busy = new Set<KeptOutbox>();
  let owner: { readonly user: string; readonly shelf: Shelf } | undefined;
  /** By how much the server's clock is ahead of ours; rather too little, so that nothing seems to be written later than it was. */
  let aheadMs = 0;

  /** The rooms of those that somebody holds. */
  function held(): string[] {
    for (const [room, outbox] of known) if (!outbox.deref()) known.delete(room);
    return [...known.keys()];
  }

  function of(room: string): KeptOutbox {
    const found = known.get(room)?.deref();
    if (found) return found;
    held();
    const outbox = createOutbox({
      channel,
      room,
      pace,
      clock,
      serverNow: () => clock.now() + aheadMs,
      isAttended: () => attended.has(room),
      changed() {
        if (outbox.isEmpty()) busy.delete(outbox);
        else busy.add(outbox);
        attended.get(room)?.outboxChanged();
      },
    });
    known.set(room, new WeakRef(outbox));
    if (owner) outbox.opened(owner.user, owner.shelf);
    return outbox;
  }

  channel.whenOpen(({ user, limits, at }) => {
    aheadMs = at - clock.now();
    pace.reset({ perSec: limits.ratePerSec, burst: limits.rateBurst });
    owner = { user: user.id, shelf: openShelf(storage, user.id) };
    const { shelf } = owner;
    const kept = shelf.load();
    for (const room of new Set([...held(), ...kept.keys()])) of(room).opened(user.id, shelf, kept.get(room));
  });

  return {
    of,
    close() {
      for (const ref of known.values()) ref.deref()?.close();
    },
  };
}
