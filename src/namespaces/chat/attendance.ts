import { ACK_BYTES, bytesOf, fitting, sizeOf } from "../../log/budget.ts";
import { CarillonError } from "../../protocol/errors.ts";
import type { Input, ReplyData } from "../../protocol/contract.ts";
import type { User } from "../../runtime/caller.ts";
import { Feeds, type Attendance as Listening } from "../../runtime/feed.ts";
import { ReplyThen } from "../../runtime/implement.ts";
import type { Member } from "../../presence/index.ts";
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
import { countUnread } from "./markers.ts";
import { takeSnapshot } from "./snapshot.ts";
import { eventOf, toWire } from "./wire.ts";

type Joined = ReplyData<Chat, "room:join">;

/** One user's wish to attend a room on one socket. */
interface Join {
  readonly socket: ChatSocket;
  readonly user: User;
  readonly input: Input<Chat, "room:join">;
  /** How much of the ack is for this room. */
  readonly maxBytes: number;
}

/** A join that was granted: its reply, and what lets the room's entries in once the reply is written. */
interface Granted {
  readonly data: Joined;
  readonly follow: () => void;
}

/** Who attends which room over which socket, and what they are sent of it. */
export class Attendance {
  readonly handlers: ChatHandlers<"room:join" | "rooms:join"> = {
    "room:join": async (input, { socket, user }) => {
      const { data, follow } = await this.#join({ socket, user, input, maxBytes: ACK_BYTES });
      return new ReplyThen(data, follow);
    },
    "rooms:join": (input, { socket, user }) => this.#joinAll(socket, user, input),
  };
  readonly #context: ChatContext;
  readonly #access: Access;
  readonly #feeds: Feeds<ChatSocket>;
  /** The rooms that a socket attends or is about to. */
  readonly #claims = new WeakMap<ChatSocket, Set<string>>();

  constructor(context: ChatContext, access: Access, namespace: ChatNamespace) {
    this.#context = context;
    this.#access = access;
    this.#feeds = openFeeds(context, namespace);
  }

  /** A socket attends a room no longer. A `dropped` one may come back, and counts for a while. */
  leave(socket: ChatSocket, room: string, how?: "dropped"): void {
    this.#feeds.leave(room, socket);
    if (this.#claims.get(socket)?.delete(room)) this.#depart(socket, room, how);
  }

  #depart(socket: ChatSocket, room: string, how?: "dropped"): void {
    const { presence, logger } = this.#context;
    presence.leave(room, socket.data.session.user.id, socket.id, how).catch((error: unknown) => {
      logger.warn({ err: error }, "presence could not be told that a socket left");
    });
  }

  /** A socket is gone. */
  drop(socket: ChatSocket): void {
    for (const room of this.#claims.get(socket) ?? []) this.leave(socket, room, "dropped");
  }

  close(): void {
    this.#feeds.close();
  }

  /** Before anything is awaited, so that whatever ends it (a kick, a quit, a lost connection) finds it from here on. */
  #claim(socket: ChatSocket, room: string): "new" | "held" {
    const { maxRooms } = this.#context;
    if (!socket.connected) throw new CarillonError("unavailable");
    const claimed = this.#claims.get(socket) ?? new Set();
    this.#claims.set(socket, claimed);
    if (claimed.has(room)) return "held";
    if (claimed.size >= maxRooms) throw new CarillonError("too_large", { details: { maxRooms } });
    claimed.add(room);
    return "new";
  }

  async #join(join: Join): Promise<Granted> {
    const {
      socket,
      user,
      input: { room },
    } = join;
    const claim = this.#claim(socket, room);
    let listening: Listening | undefined;
    try {
      await this.#access.require(user, "enter", room);
      listening = await this.#feeds.attend(room, socket);
      return await this.#enter(join, listening);
    } catch (error) {
      const ended = !this.#claims.get(socket)?.has(room);
      if (claim === "held") listening?.cancel();
      if (claim === "new" || !this.#feeds.attends(room, socket)) this.leave(socket, room);
      // Presence may have heard of it only after it was ended. Whom it knows as gone, it leaves as it is.
      if (ended) this.#depart(socket, room, socket.connected ? undefined : "dropped");
      throw (ended && (await this.#access.refusal(user, "enter", room))) || error;
    }
  }

  /** Membership comes last: a kick ends it before anything else, and must not find it back. */
  async #enter({ socket, user, input, maxBytes }: Join, listening: Listening): Promise<Granted> {
    const { room } = input;
    const { roomLog, presence, rooms, control } = this.#context;
    this.#requireClaim(socket, room);
    const [present, marker] = await Promise.all([
      presence.enter(room, { id: user.id, name: user.name }, socket.id, LARGE_ROOM),
      rooms.marker(room, user.id),
    ]);
    const { members, bytes } = listOf(present.members, maxBytes / 2);
    const snapshot = await takeSnapshot(roomLog, room, listening, input, maxBytes - bytes);
    const { cursor } = snapshot;
    if (!isDirect(room)) await rooms.list(room);
    this.#requireClaim(socket, room);
    const [read] = await Promise.all([
      countUnread(this.#context, room, user.id, cursor, marker),
      rooms.addMember(room, user.id),
    ]);
    this.#requireClaim(socket, room);
    const { recovered } = snapshot;
    const entries = snapshot.entries.map((entry) => toWire(room, entry));
    const log = { room, epoch: cursor.epoch, head: cursor.seq, recovered, entries };
    const { version, memberCount } = present;
    const muted = control.mute(room, user.id);
    const data: Joined = { ...log, ...read, version, members, memberCount, ...(muted && { muted }) };
    return { data, follow: () => listening.follow(snapshot.position) };
  }

  /** What was ended meanwhile must not come to count again. */
  #requireClaim(socket: ChatSocket, room: string): void {
    if (!this.#claims.get(socket)?.has(room)) throw new CarillonError("forbidden");
  }

  /** One after another, each with its share of what the ack may carry and of what those before it have left. */
  async #joinAll(socket: ChatSocket, user: User, { rooms, limit }: Input<Chat, "rooms:join">) {
    const { logger } = this.#context;
    const follows: (() => void)[] = [];
    const replies: ReplyData<Chat, "rooms:join">["rooms"] = [];
    let bytesLeft = ACK_BYTES;
    for (const [index, each] of rooms.entries()) {
      const maxBytes = Math.max(0, Math.floor(bytesLeft / (rooms.length - index)));
      try {
        const { data, follow } = await this.#join({ socket, user, input: { ...each, limit }, maxBytes });
        follows.push(follow);
        replies.push({ ok: true, data });
        bytesLeft -= bytesOf(data);
      } catch (thrown) {
        const error = CarillonError.from(thrown);
        if (error.code === "internal") logger.error({ err: error.cause ?? error }, "a room could not be joined");
        replies.push({ ok: false, error: error.failure });
      }
    }
    return new ReplyThen({ rooms: replies }, () => follows.forEach((follow) => follow()));
  }
}

/** Where not all fit, the count tells that there are others, and `room:members` lists them. Nearly always all do, which is one look. */
function listOf(all: readonly Member[], maxBytes: number): { members: Member[]; bytes: number } {
  const bytes = sizeOf(all);
  if (bytes <= maxBytes) return { members: [...all], bytes };
  const members = [...fitting(all, maxBytes, bytesOf)];
  return { members, bytes: bytesOf(members) };
}

function openFeeds({ roomLog, logger, counted }: ChatContext, namespace: ChatNamespace): Feeds<ChatSocket> {
  return new Feeds<ChatSocket>(
    roomLog,
    {
      broadcast: (room, entry) => namespace.local.to(socketRoom(room)).emit(eventOf(entry), toWire(room, entry)),
      send: (socket, room, entry) => socket.emit(eventOf(entry), toWire(room, entry)),
      repaired: () => counted.gapRepaired(),
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
}
