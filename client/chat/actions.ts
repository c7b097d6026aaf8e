import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Channel } from "../channel.ts";
import { newId } from "./outbox.ts";

/** For so long, or until somebody ends it. */
export interface Sanction {
  readonly forSec?: number;
  readonly reason?: string;
}

export interface ActionsOptions {
  readonly room: string;
  readonly request: Channel<typeof chat>["request"];
  /** Of the log whose messages are meant. */
  epoch(): { epoch?: string };
}

/** What is asked of a room at once or not at all: nothing of it waits for a connection. */
export function createActions({ room, request, epoch }: ActionsOptions) {
  const meant = (target: number) => ({ room, target, ...epoch() });
  const impose = (name: "member:kick" | "member:ban" | "member:mute") => async (user: string, sanction?: Sanction) => {
    await request(name, { ...sanction, room, user });
  };
  const lift = (name: "member:unban" | "member:unmute") => async (user: string) => {
    await request(name, { room, user });
  };
  return {
    async edit(seq: number, text: string) {
      await request("message:edit", { ...meant(seq), id: newId(), text });
    },
    async remove(seq: number) {
      // The same id each time: whoever tries again, not knowing what came of it, hears that it is done.
      await request("message:delete", { ...meant(seq), id: `delete-${seq}` });
    },
    kick: impose("member:kick"),
    ban: impose("member:ban"),
    mute: impose("member:mute"),
    unban: lift("member:unban"),
    unmute: lift("member:unmute"),
  };
}
