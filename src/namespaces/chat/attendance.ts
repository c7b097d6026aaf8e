import { ACK_BYTES, fitting, fittingLast } from "../../log/budget.ts";
import type { Position } from "../../log/index.ts";
import { recover } from "../../log/position.ts";
import { CarillonError } from "../../protocol/errors.ts";
import type { Input, ReplyData } from "../../protocol/contract.ts";
import type { User } from "../../runtime/caller.ts";
import { Feeds, type Attendance as SocketAttendance } from "../../runtime/feed.ts";
import { ReplyThen } from "../../runtime/implement.ts";
import { isDirect } from "../../rooms/index.ts";
import type { Access } from "./access.ts";
import {
  type Chat,
  type ChatContext,
  type ChatHandlers,
  type ChatNamespace,
  type ChatSocket,
  LARGE_ROOM,
  socketRoom,
} from "./context.ts";
import { readMarker } from "./markers.ts";
import { eventOf, toWire } from "./wire.ts";

type Names = "room:join" | "rooms:join" | "room:leave";
type Joined = ReplyData<Chat, "room:join">;
type Since = Input<Chat, "room:join">["since"];

/** Who attends which room over which socket, and what they are sent of it. */
export interface Attendance {
  readonly handlers: ChatHandlers<Names>;
  /** A socket attends a room no longer. A `dropped` one may come back, and counts for a while. */
  leave(socket: ChatSocket, room: string, how?: "dropped"): void;
  /** A socket is gone. */
  drop(socket: ChatSocket): void;
  close(): void;
}

export function createAttendance(context: ChatContext, access: Access, namespace: ChatNamespace): Attendance {
  const { roomLog, rooms, presence, maxRooms, logger, counted } = context;
  const attended = new WeakMap<ChatSocket, Set<string>>();
  const roomsOf = (socket: ChatSocket) => attended.get(socket) ?? new Set<string>();

  const feeds = new Feeds<ChatSocket>(
    roomLog,
    {
      broadcast: (room, entry) => namespace.local.to(socketRoom(room)).emit(eventOf(entry), toWire(room, entry)),
      send: (socket, room, entry) => socket.emit(eventOf(entry), toWire(room, entry)),
      reset(room, { epoch, seq }, socket) {
        counted.reset();
        (socket ?? namespace.local.to(socketRoom(room))).emit("room:reset", { room, epoch, head: seq });
      },
      entered: (socket, room) => void socket.join(socketRoom(room)),
      left: (socket, room) => void socket.leave(socketRoom(room)),
      failed: (socket, error) => socket.data.session.close(CarillonError.from(error, "unavailable")),
    },
    logger,
  );

  /** What a joiner is shown, cut at the feed's cursor; `position` is where the live feed has to go on. */
  async function snapshot(room: string, cursor: Position, since: Since, limit: number, maxBytes: number) {
    const recovery = since && (await recover(roomLog, room, since, { upTo: cursor, limit }));
    if (since && recovery?.recovered) {
      const entries = fitting(recovery.entries, maxBytes, (entry) => entry);
      return { recovered: true, entries, position: { epoch: cursor.epoch, seq: entries.at(-1)?.seq ?? since.seq } };
    }
    const page = await roomLog.messages(room, { before: cursor.seq + 1, limit });
    return {
      recovered: since ? false : null,
      entries: fittingLast(page.entries, maxBytes, (entry) => entry),
      position: cursor,
    };
  }

  async function enter(socket: ChatSocket, user: User, room: string): Promise<void> {
    const mine = roomsOf(socket);
    if (!mine.has(room) && mine.size >= maxRooms) throw new CarillonError("too_large", { details: { maxRooms } });
    attended.set(socket, mine.add(room));
    if (!isDirect(room)) await rooms.list(room);
    await rooms.addMember(room, user.id);
  }

  async function join(
    socket: ChatSocket,
    user: User,
    { room, since, limit }: Input<Chat, "room:join">,
    maxBytes: number,
  ) {
    await access.require(user, "enter", room);
    const attendedBefore = roomsOf(socket).has(room);
    let attendance: SocketAttendance | undefined;
    try {
      await enter(socket, user, room);
      attendance = await feeds.attend(room, socket);
      const { cursor, follow } = attendance;
      const { recovered, entries, position } = await snapshot(room, cursor, since, limit, maxBytes);
      const read = await readMarker(context, room, user.id, cursor.epoch);
      // A kick or a lost connection meanwhile has ended this attendance: it must not come to count again.
      if (!feeds.attends(room, socket)) throw new CarillonError("forbidden");
      await presence.enter(room, { id: user.id, name: user.name }, socket.id);
      const { version, members, memberCount } = await presence.attending(room, LARGE_ROOM);
      const log = {
        epoch: cursor.epoch,
        head: cursor.seq,
        recovered,
        entries: entries.map((entry) => toWire(room, entry)),
      };
      const data: Joined = { room, ...log, ...read, version, members: [...members], memberCount };
      return { data, follow: () => follow(position) };
    } catch (error) {
      if (attendedBefore) attendance?.cancel();
      else leave(socket, room);
      throw error;
    }
  }

  function leave(socket: ChatSocket, room: string, how?: "dropped"): void {
    if (!roomsOf(socket).delete(room)) return;
    feeds.leave(room, socket);
    presence.leave(room, socket.data.session.user.id, socket.id, how).catch((error: unknown) => {
      logger.warn({ err: error }, "presence could not be told that a socket left");
    });
  }

  return {
    handlers: {
      "room:join": async (input, { socket, user }) => {
        const { data, follow } = await join(socket, user, input, ACK_BYTES);
        return new ReplyThen(data, follow);
      },

      "rooms:join": async ({ rooms: wanted, limit }, { socket, user }) => {
        const follows: (() => void)[] = [];
        const replies: ReplyData<Chat, "rooms:join">["rooms"] = [];
        for (const each of wanted) {
          try {
            const { data, follow } = await join(
              socket,
              user,
              { ...each, limit },
              Math.floor(ACK_BYTES / wanted.length),
            );
            follows.push(follow);
            replies.push({ ok: true, data });
          } catch (thrown) {
            replies.push({ ok: false, error: CarillonError.from(thrown).failure });
          }
        }
        return new ReplyThen({ rooms: replies }, () => follows.forEach((follow) => follow()));
      },

      "room:leave": async ({ room }, { socket }) => {
        leave(socket, room);
        return {};
      },
    },
    leave,
    drop: (socket) => [...roomsOf(socket)].forEach((room) => leave(socket, room, "dropped")),
    close: () => feeds.close(),
  };
}
