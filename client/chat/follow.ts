import type { Socket } from "socket.io-client";
import type { z } from "zod";
import type { chat, Entry as EntrySchema } from "../../src/namespaces/chat/contract.ts";
import type { Ack } from "../../src/protocol/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Position as PositionSchema } from "../../src/protocol/fields.ts";

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

export type RoomChange = Entry | RoomReset;

export interface FollowOptions {
  /** Where one has left off: what came since is told first, as entries. */
  readonly since?: Position;
  /** Messages of a reset, 1 to 300; the server's 50 unless given. */
  readonly limit?: number;
  /** After each join, and after its entries: who is there, what is unread. */
  onJoined?(joined: Joined): void;
  /** One may not be in the room. It is tried again with the next connection. */
  onFailure?(failure: Failure): void;
}

const ANSWER_MS = 10_000;
const RETRY_MS = 1_000;
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
  /** The join that is on its way: what comes before its ack is in it, or comes again after it. */
  let joining: object | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  function join(): void {
    clearTimeout(timer);
    const own = (joining = {});
    const retry = (ms: number) => (timer = setTimeout(() => socket.connected && join(), ms));
    const input = { room, ...(limit && { limit }), ...(position && { since: position }) };
    socket.timeout(ANSWER_MS).emit("room:join", input, (error: unknown, ack: Ack<Joined>) => {
      if (joining !== own) return;
      if (error) return void retry(0);
      if (ack.ok) return joined(ack.data);
      if (ack.error.retryable) retry((ack.error.retryAfterMs ?? RETRY_MS) * (1 + Math.random()));
      else onFailure?.(ack.error);
    });
  }

  function joined(data: Joined): void {
    joining = undefined;
    const { epoch, head, entries } = data;
    if (data.recovered) entries.forEach(advance);
    else {
      const last = entries.at(-1);
      const why = position ? (position.epoch === epoch ? "missed" : "lost") : "joined";
      position = { epoch, seq: head, ...(last?.seq === head && { id: last.id }) };
      onChange({ kind: "reset", room, why, epoch, head, entries });
    }
    // Whoever was told may have ended it.
    if (!joining) onJoined?.(data);
  }

  function advance(entry: Entry): void {
    const { epoch, seq, id } = entry;
    if (joining || entry.room !== room || (epoch === position?.epoch && seq <= position.seq)) return;
    if (epoch !== position?.epoch || seq !== position.seq + 1) return join();
    position = { epoch, seq, id };
    onChange(entry);
  }

  const reset = (event: { room: string }) => {
    // The position is of an epoch that is gone, so this join is answered with the newest of the new one.
    if (!joining && event.room === room) join();
  };
  const disconnected = () => {
    clearTimeout(timer);
    joining = {};
  };
  const hear = (turn: "on" | "off") => {
    socket[turn]("connect", join)[turn]("disconnect", disconnected)[turn]("room:reset", reset);
    for (const name of ENTRIES) socket[turn](name, advance);
  };
  hear("on");
  if (socket.connected) join();
  return () => {
    if (isOver) return;
    isOver = true;
    disconnected();
    hear("off");
    if (socket.connected) socket.emit("room:leave", { room }, () => {});
  };
}
