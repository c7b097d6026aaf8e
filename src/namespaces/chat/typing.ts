import { andThen } from "../../and-then.ts";
import type { Caller } from "../../runtime/caller.ts";
import type { Access } from "./access.ts";
import type { chat } from "./contract.ts";
import {
  type ChatContext,
  type ChatHandlers,
  type ChatNamespace,
  type ChatSocket,
  LARGE_ROOM,
  socketRoom,
} from "./context.ts";

/** Whoever was not heard of for so long types no longer. */
const TYPING_MS = 15_000;

/** Neither id holds a space. */
const keyOf = (room: string, user: string) => `${room} ${user}`;

export interface Typing {
  readonly handlers: ChatHandlers<"typing:set">;
  /** What a socket typed is over: it left the room, or is gone (without `room`: all of it). */
  stop(socket: ChatSocket, room?: string): void;
}

interface Typist {
  readonly room: string;
  readonly user: string;
  readonly socket: ChatSocket | undefined;
  readonly callOff: () => void;
}

export function createTyping({ clock, presence }: ChatContext, access: Access, namespace: ChatNamespace): Typing {
  /** By room and user. */
  const typists = new Map<string, Typist>();

  /** To all but the socket that says so. */
  function tell({ room, user }: Pick<Typist, "room" | "user">, typing: boolean, socket: ChatSocket | undefined): void {
    const others = socket ? namespace.except(socket.id) : namespace;
    others.to(socketRoom(room)).emit("typing:changed", { room, user, typing });
  }

  function end(key: string, socket = typists.get(key)?.socket): void {
    const typist = typists.get(key);
    if (!typist) return;
    typist.callOff();
    typists.delete(key);
    tell(typist, false, socket);
  }

  async function begin(room: string, { user, socket }: Caller<typeof chat>): Promise<Record<string, never>> {
    const { memberCount } = await presence.attending(room, 0);
    // Whoever is gone meanwhile has been told of as not typing, and would not be told of again.
    if (memberCount > LARGE_ROOM || socket?.connected === false) return {};
    const key = keyOf(room, user.id);
    typists.get(key)?.callOff();
    const typist = { room, user: user.id, socket, callOff: clock.after(TYPING_MS, () => end(key)) };
    typists.set(key, typist);
    tell(typist, true, socket);
    return {};
  }

  return {
    handlers: {
      "typing:set": ({ room, typing }, caller) =>
        andThen(access.require(caller.user, "send", room), () =>
          typing ? begin(room, caller) : (end(keyOf(room, caller.user.id), caller.socket), {}),
        ),
    },
    stop(socket, room) {
      for (const [key, typist] of typists) {
        if (typist.socket === socket && (room === undefined || typist.room === room)) end(key);
      }
    },
  };
}
