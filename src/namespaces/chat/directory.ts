import { CarillonError } from "../../protocol/errors.ts";
import { isDirect } from "../../rooms/index.ts";
import type { Access } from "./access.ts";
import type { ChangeNotice } from "./changes.ts";
import { type ChatContext, type ChatHandlers, LARGE_ROOM } from "./context.ts";
import { readMarker } from "./markers.ts";
import { endMembership } from "./moderation.ts";

type Names = "room:mine" | "room:list" | "room:members" | "room:direct" | "room:quit";

/** Which rooms there are, and whose. */
export function directoryHandlers(context: ChatContext, access: Access, changed: ChangeNotice): ChatHandlers<Names> {
  const { rooms, roomLog, presence, roomAccess } = context;

  async function mine(room: string, user: string) {
    const { epoch, head, lastAt } = await roomLog.head(room);
    const pair = isDirect(room) ? await rooms.pair(room) : undefined;
    const other = pair?.find((id) => id !== user);
    const kind: "direct" | "room" = pair ? "direct" : "room";
    return {
      room,
      kind,
      head,
      lastAt,
      ...(await readMarker(context, room, user, { epoch, seq: head })),
      ...(other !== undefined && { with: other }),
    };
  }

  async function listed(room: string) {
    const { head, lastAt } = await roomLog.head(room);
    const { memberCount } = await presence.attending(room, 0);
    return { room, memberCount, head, lastAt };
  }

  return {
    "room:mine": async (request, { user }) => {
      const { ids, next } = await rooms.roomsOf(user.id, request);
      return { rooms: await Promise.all(ids.map((room) => mine(room, user.id))), ...(next !== undefined && { next }) };
    },

    "room:list": async (request, { user }) => {
      if (roomAccess !== "open") return { rooms: [] };
      const { ids, next } = await rooms.listed(request);
      const refusals = await Promise.all(ids.map(async (room) => access.refusal(user, "enter", room)));
      const open = ids.filter((_, index) => !refusals[index]);
      return { rooms: await Promise.all(open.map(listed)), ...(next !== undefined && { next }) };
    },

    "room:members": async ({ room }, { user }) => {
      await access.require(user, "enter", room);
      const { version, members, memberCount } = await presence.attending(room, LARGE_ROOM);
      return { version, members: [...members], memberCount };
    },

    "room:direct": async ({ user: other }, { user }) => {
      if (other === user.id) throw new CarillonError("bad_request", { details: { reason: "a direct room is of two" } });
      const { room, made } = await rooms.openDirect(user.id, other);
      const { head, lastAt } = await roomLog.head(room);
      if (made) changed(room, head, lastAt);
      return { room };
    },

    "room:quit": async ({ room }, { user }) => {
      await endMembership(context, { action: "quit", room, user: user.id });
      return {};
    },
  };
}
