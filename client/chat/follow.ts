import type { Socket } from "socket.io-client";
import type { z } from "zod";
import type { chat, Entry as EntrySchema } from "../../src/namespaces/chat/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Position as PositionSchema } from "../../src/protocol/fields.ts";
import { askOn } from "../ask.ts";

/** An entry of a room's log. */
export type Entry = z.output<typeof EntrySchema>;
/** A place in a room's log. */
export type Position = z.output<typeof PositionSchema>;
/** What a join tells. */
export type Joined = z.output<(typeof chat)["requests"]["room:join"]["reply"]>;

/** What was heard so far is not continued: here is the newest of the room instead, folded. */
export interface RoomReset {
  readonly kind: "reset";
  readonly room: string;
  /** `joined`: it begins here. `missed`: more was missed than the log can give. `lost`: the log was lost, and begins anew. */
  readonly why: "joined" | "missed" | "lost";
  readonly epoch: string;
  /** The newest `seq` of the room. */
  readonly head: number;
  readonly entries: readonly Entry[];
}

/** What `follow` tells: an entry that goes on from the last one, or that it begins anew. */
export type RoomChange = Entry | RoomReset;

/** Where `follow` begins, and what else it tells. */
export interface FollowOptions {
  /** Where one has left off: what came since is told first, as entries. */
  readonly since?: Position | undefined;
  /** Messages of a reset, 1 to 300; the server's 50 unless given. */
  readonly limit?: number | undefined;
  /** After each join, and after its entries: who is there, what is unread. */
  onJoined?(joined: Joined): void;
  /** One may not be in the room. It is tried again with the next connection. */
  onFailure?(failure: Failure): void;
}

const ENTRIES = ["message:sent", "message:edited", "message:deleted"];

/**
 * Follows a room over a stock socket of `/chat`: tells each entry once, in the order of `seq`, over reconnects, dead workers and lost logs.
 * Offline it is silent, and goes on where it was when the socket is connected again. A room is followed once over a socket, since leaving it
 * is about the socket.
 * @returns what ends it, and leaves the room
 */
export function follow(
  socket: Socket,
  room: string,
  onChange: (change: RoomChange) => void,
  { since, limit, onJoined, onFailure }: FollowOptions = {},
): () => void {
  let position = since;
  /** What comes before the join is answered is in the answer, or comes again after it. */
  let isJoined = false;
  let isOver = false;

  const joining = askOn<typeof chat, "room:join">(socket, "room:join", {
    input: () => ({ room, limit, since: position }),
    answered: joined,
    refused: onFailure,
  });

  function joined(data: Joined): void {
    const { epoch, head, entries } = data;
    isJoined = true;
    if (data.recovered) entries.forEach(advance);
    else {
      const last = entries.at(-1);
      const why = position ? (position.epoch === epoch ? "missed" : "lost") : "joined";
      position = { epoch, seq: head, id: last?.seq === head ? last.id : undefined };
      onChange({ kind: "reset", room, why, epoch, head, entries });
    }
    // Whoever was told may have ended it.
    if (isJoined) onJoined?.(data);
  }

  function advance(entry: Entry): void {
    const { epoch, seq, id } = entry;
    if (!isJoined || entry.room !== room || (epoch === position?.epoch && seq <= position.seq)) return;
    if (epoch !== position?.epoch || seq !== position.seq + 1) return rejoin();
    position = { epoch, seq, id };
    onChange(entry);
  }

  function rejoin(): void {
    isJoined = false;
    joining.again();
  }

  const reset = (event: { room: string }) => {
    // The position is of an epoch that is gone, so this join is answered with the newest of the new one.
    if (event.room === room) rejoin();
  };
  const disconnected = () => {
    isJoined = false;
  };
  const hear = (turn: "on" | "off") => {
    socket[turn]("disconnect", disconnected)[turn]("room:reset", reset);
    for (const name of ENTRIES) socket[turn](name, advance);
  };
  hear("on");
  joining.again();
  return () => {
    if (isOver) return;
    isOver = true;
    disconnected();
    joining.end();
    hear("off");
    if (socket.connected) socket.emit("room:leave", { room }, () => {});
  };
}
