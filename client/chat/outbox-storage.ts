import type { Outgoing } from "./outgoing.ts";

/** Where messages are kept that were not yet sent: the part of the Web Storage API that `localStorage` has. */
export interface OutboxStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** A message as it is kept, under its room and its id. */
export type Kept = Omit<Outgoing, "room" | "id" | "state">;

/**
 * One user's messages in a storage, each under a key of its own, so that tabs which share it never overwrite each other's. Whatever ails
 * the storage (it is full, switched off, full of somebody else's things), it only keeps less.
 */
export interface Shelf {
  load(): readonly Outgoing[];
  has(message: Outgoing): boolean;
  save(message: Outgoing): void;
  remove(message: Outgoing): void;
}

/** Keeps messages that were not yet sent over reloads and restarts, for `connect`: `keptIn(localStorage)`, say. */
export function keptIn(storage: OutboxStorage): (user: string) => Shelf {
  return (user) => {
    const prefix = `carillon:outbox:${user}:`;
    const keyOf = ({ room, id }: Outgoing) => `${prefix}${room}:${id}`;
    return {
      load: () =>
        (quietly(() => Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "")) ?? []).flatMap(
          (key) => {
            // A user id may hold colons, a room and an id may not.
            const [room, id, ...rest] = key.startsWith(prefix) ? key.slice(prefix.length).split(":") : [];
            const kept = quietly(() => JSON.parse(storage.getItem(key) ?? "") as Kept | null);
            const isOurs = room && id && rest.length === 0 && typeof kept?.text === "string" && kept.createdAt > 0;
            return isOurs ? { ...kept, room, id, state: kept.failure ? "failed" : "pending" } : [];
          },
        ),
      // Where nobody can say, it is as good as there.
      has: (message) => quietly(() => storage.getItem(keyOf(message))) !== null,
      save(message) {
        const { room: _room, id: _id, state: _state, ...kept } = message;
        quietly(() => storage.setItem(keyOf(message), JSON.stringify(kept)));
      },
      remove: (message) => quietly(() => storage.removeItem(keyOf(message))),
    };
  };
}

function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
