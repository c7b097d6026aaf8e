import type { Failure } from "../../src/protocol/errors.ts";
import type { Draft } from "./outbox.ts";

/** Where messages are kept that were not yet sent: the part of the Web Storage API that `localStorage` has. */
export interface OutboxStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** A message as it is kept. */
export interface Kept extends Draft {
  readonly createdAt: number;
  /** The epoch that it was written in, or the first that it met. */
  readonly epoch?: string | undefined;
  /** When it was first sent, by the server's clock: nobody can have stored it before. */
  readonly triedAt?: number | undefined;
  /** It has failed. */
  readonly failure?: Failure | undefined;
}

/** What is kept of one room, by id. */
export type KeptRoom = ReadonlyMap<string, Kept>;

/**
 * One user's messages in a storage, each under a key of its own, so that tabs which share it never overwrite each other's. Whatever ails
 * the storage (it is full, switched off, full of somebody else's things), it only keeps less.
 */
export interface Shelf {
  /** All there are, by room. */
  load(): ReadonlyMap<string, KeptRoom>;
  has(room: string, id: string): boolean;
  save(room: string, id: string, kept: Kept): void;
  remove(room: string, id: string): void;
}

export function openShelf(storage: OutboxStorage | undefined, user: string): Shelf {
  const prefix = `carillon:outbox:${user}:`;
  const keyOf = (room: string, id: string) => `${prefix}${room}:${id}`;

  function load(): Map<string, Map<string, Kept>> {
    const rooms = new Map<string, Map<string, Kept>>();
    for (let index = 0; index < (storage?.length ?? 0); index++) {
      const key = storage?.key(index) ?? "";
      // A user id may hold colons, a room and an id may not.
      const [room, id, ...rest] = key.startsWith(prefix) ? key.slice(prefix.length).split(":") : [];
      const kept = quietly(() => JSON.parse(storage?.getItem(key) ?? "") as Kept | null);
      if (!room || !id || rest.length > 0 || typeof kept?.text !== "string" || !(kept.createdAt > 0)) continue;
      rooms.set(room, (rooms.get(room) ?? new Map<string, Kept>()).set(id, kept));
    }
    return rooms;
  }

  return {
    load: () => quietly(load) ?? new Map<string, KeptRoom>(),
    // Where nobody can say, it is as good as there.
    has: (room, id) => quietly(() => storage?.getItem(keyOf(room, id))) !== null,
    save: (room, id, kept) => quietly(() => storage?.setItem(keyOf(room, id), JSON.stringify(kept))),
    remove: (room, id) => quietly(() => storage?.removeItem(keyOf(room, id))),
  };
}

function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
