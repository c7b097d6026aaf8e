import type { z } from "zod";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Channel } from "../channel.ts";
import { createListeners, type Live } from "../live.ts";
import type { Position } from "./follow.ts";
import type { Shelf } from "./outbox-storage.ts";
import { createOutbox } from "./outbox.ts";
import { createRoom } from "./attend.ts";
import type { Room } from "./room.ts";
import { createRooms } from "./rooms.ts";

/** One of one's own rooms. */
export type RoomSummary = z.output<(typeof chat)["requests"]["room:mine"]["reply"]>["rooms"][number];
/** A room that anybody may enter. */
export type OpenRoom = z.output<(typeof chat)["requests"]["room:list"]["reply"]>["rooms"][number];

/** One's own rooms as they stand, for the list of them beside the one that is read. */
export interface RoomsSnapshot {
  /** The rooms that one is a member of, the newest written first; what is unread is kept up to date, attended or not. */
  readonly rooms: readonly RoomSummary[];
  /** Whether they were ever read. */
  readonly isLoaded: boolean;
}

/** The chat of one user: rooms, direct ones as well, and which of them are one's own. */
export interface Chat {
  /** The namespace: how its connection is, and requests that have no method here. */
  readonly channel: Channel<typeof chat>;
  /** One's own rooms. Read when somebody first subscribes, and again after each reconnection; offline, they are as they were last known. */
  readonly rooms: Live<RoomsSnapshot>;
  /**
   * Attends a room, now or as soon as there is a connection. The same object for the same room until one leaves it. `since` is where one has left
   * off, for whoever keeps that: what came after it is told first.
   */
  join(room: string, options?: { since?: Position; limit?: number }): Room;
  /** The direct room with another user, made if needed. Offline: `unavailable` at once. @throws RequestError */
  direct(user: string): Promise<Room>;
  /** Open rooms by their ids, 100 at a time: `after` is the last one of the page before. Offline: `unavailable` at once. @throws RequestError */
  list(after?: string): Promise<{ rooms: readonly OpenRoom[]; next?: string | undefined }>;
}

/** Chat over its namespace. It ends with the channel. */
export function createChat(channel: Channel<typeof chat>, storage?: (user: string) => Shelf): Chat {
  const joined = new Map<string, Room>();
  const written = createListeners();
  const rooms = createRooms(channel, joined);
  const outbox = createOutbox(channel, storage, written.tell);

  function join(id: string, options?: { since?: Position; limit?: number }): Room {
    const found = joined.get(id);
    if (found) return found;
    const left = (hasQuit: boolean) => {
      rooms.left(id, hasQuit);
      joined.delete(id);
      outbox.left(id);
    };
    const room = createRoom({
      channel,
      id,
      outbox,
      ...options,
      whenWritten: written.add,
      joined: () => rooms.joined(id),
      left,
    });
    joined.set(id, room);
    room.subscribe(rooms.show);
    return room;
  }

  return {
    channel,
    rooms: rooms.live,
    join,
    direct: async (user) => join((await channel.request("room:direct", { user })).room),
    list: (after) => channel.request("room:list", { limit: 100, after }),
  };
}
