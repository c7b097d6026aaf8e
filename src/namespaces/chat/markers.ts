import type { Position } from "../../log/index.ts";
import type { Marker } from "../../rooms/index.ts";
import { CarillonError } from "../../protocol/errors.ts";
import type { Access } from "./access.ts";
import { type ChatContext, type ChatHandlers, type ChatNamespace, LARGE_ROOM, socketRoom } from "./context.ts";
import { userRoom } from "../../runtime/caller.ts";

/** How far a user has read in this epoch, and how many messages of others come after it, up to and with `upTo`. */
export async function readMarker(context: ChatContext, room: string, user: string, upTo: Position) {
  return countUnread(context, room, user, upTo, await context.rooms.marker(room, user));
}

/** The same, by a marker that was looked up before. */
export async function countUnread(
  { roomLog }: ChatContext,
  room: string,
  user: string,
  { epoch, seq: upTo }: Position,
  stored: Marker | undefined,
) {
  const marker = stored?.epoch === epoch ? stored.seq : 0;
  return { marker, unread: await roomLog.count(room, { after: marker, upTo, except: user }) };
}

export function markerHandlers(
  context: ChatContext,
  access: Access,
  namespace: ChatNamespace,
): ChatHandlers<"marker:move"> {
  const { rooms, roomLog, presence } = context;
  return {
    "marker:move": async ({ room, seq, epoch }, { user }) => {
      await access.require(user, "enter", room);
      const log = await roomLog.head(room);
      if (epoch !== undefined && epoch !== log.epoch) throw new CarillonError("conflict");
      if (seq > log.head) throw new CarillonError("bad_request", { details: { head: log.head } });
      const before = await readMarker(context, room, user.id, { epoch: log.epoch, seq: log.head });
      const now = await rooms.moveMarker(room, user.id, { epoch: log.epoch, seq });
      if (now.seq > before.marker) {
        const { memberCount } = await presence.attending(room, 0);
        const own = userRoom(user.id);
        const whom = memberCount > LARGE_ROOM ? [own] : [socketRoom(room), own];
        namespace.to(whom).emit("marker:moved", { room, user: user.id, seq: now.seq });
      }
      return { seq: now.seq, unread: await roomLog.count(room, { after: now.seq, except: user.id }) };
    },
  };
}
