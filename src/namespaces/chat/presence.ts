import type { PresenceChange } from "../../presence/index.ts";
import { type ChatNamespace, LARGE_ROOM, socketRoom } from "./context.ts";
import { socketsOf, userRoom } from "../../runtime/caller.ts";

/**
 * Tells this worker's sockets in a room who came and who went; every worker hears of it. Nobody is told of himself, nor of those who
 * came before him: his ack has shown them. A large room is told the count alone.
 */
export function tellPresence(namespace: ChatNamespace) {
  return ({ room, version, joined, left, memberCount }: PresenceChange): void => {
    const change = { room, version, memberCount };
    const everybody = namespace.local.to(socketRoom(room));
    if (memberCount > LARGE_ROOM) return void everybody.emit("presence:changed", { ...change, joined: [], left: [] });

    const joiners = joined.map(({ id }) => userRoom(id));
    everybody.except(joiners).emit("presence:changed", { ...change, joined: [...joined], left: [...left] });
    for (const [place, member] of joined.entries()) {
      const others = joined.slice(place + 1);
      if (others.length === 0 && left.length === 0) continue;
      for (const socket of socketsOf(namespace, member.id)) {
        if (socket.rooms.has(socketRoom(room)))
          socket.emit("presence:changed", { ...change, joined: others, left: [...left] });
      }
    }
  };
}
