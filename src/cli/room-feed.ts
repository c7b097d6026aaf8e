import type { Socket } from "socket.io-client";
import type { z } from "zod";
import type { Clock } from "../clock.ts";
import type { chat, Entry as EntrySchema } from "../namespaces/chat/contract.ts";
import type { ClientToServer, ServerToClient } from "../protocol/contract.ts";
import type { Failure } from "../protocol/errors.ts";
import type { Position } from "../protocol/fields.ts";

export type ChatSocket = Socket<ServerToClient<typeof chat>, ClientToServer<typeof chat>>;
export type Entry = z.output<typeof EntrySchema>;
export type Joined = z.output<(typeof chat.requests)["room:join"]["reply"]>;

/** How long an answer is waited for before the same is asked again. */
export const ACK_TIMEOUT_MS = 10_000;
/** The pause before another try, where the refusal names none. */
export const RETRY_MS = 1000;

export interface FeedListener {
  /** Each entry once, in order. */
  entry(entry: Entry): void;
  /** Not all that was missed is there any more: what comes next does not follow from what came before. */
  lost(): void;
  /** The room is attended, from now on or again; what was missed has been told. */
  joined(reply: Joined): void;
  /** The room cannot be attended, and asking again is of no use. */
  refused(failure: Failure): void;
}

export interface RoomFeed {
  readonly room: string;
  readonly clock: Clock;
  readonly listener: FeedListener;
}

/** Follows a room for as long as the socket lives, over any number of connections. */
export function followRoom(socket: ChatSocket, { room, clock, listener }: RoomFeed): void {
  /** That of the last entry which was applied. */
  let position: z.output<typeof Position> | undefined;
  /** What came while a join is on its way; it is about the time after the join. */
  let early: (() => void)[] | undefined;

  const join = () => {
    const kept: (() => void)[] = [];
    early = kept;
    const again = () => {
      // Another connection has joined by itself.
      if (early === kept && socket.connected) join();
    };
    const input = { room, ...(position && { since: position }) };
    socket.timeout(ACK_TIMEOUT_MS).emit("room:join", input, (error, ack) => {
      if (early !== kept) return;
      if (error) return again();
      if (!ack.ok && ack.error.retryable) return void clock.after(ack.error.retryAfterMs ?? RETRY_MS, again);
      if (!ack.ok) return listener.refused(ack.error);
      early = undefined;
      applyJoined(ack.data);
      for (const act of kept) act();
    });
  };

  const applyJoined = (reply: Joined) => {
    if (reply.recovered) for (const entry of reply.entries) apply(entry);
    else applySnapshot(reply);
    listener.joined(reply);
  };

  /** The newest messages as they are now: edits and deletions are in them, and have no entry of their own. */
  const applySnapshot = ({ epoch, head, entries }: Joined) => {
    if (position) listener.lost();
    const seen = position?.epoch === epoch && position.seq <= head ? position.seq : 0;
    for (const entry of entries) if (entry.seq > seen) listener.entry(entry);
    const last = entries.at(-1);
    position = { epoch, seq: head, ...(last?.seq === head && { id: last.id }) };
  };

  const apply = (entry: Entry) => {
    if (!position || entry.epoch !== position.epoch || entry.seq > position.seq + 1) {
      // It ought not to happen; the log knows what is missing.
      if (!early) join();
      return;
    }
    if (entry.seq <= position.seq) return;
    position = { epoch: entry.epoch, seq: entry.seq, id: entry.id };
    listener.entry(entry);
  };

  const inTurn = (of: string, act: () => void) => {
    if (of !== room) return;
    if (early) early.push(act);
    else act();
  };

  for (const event of ["message:sent", "message:edited", "message:deleted"] as const) {
    socket.on(event, (entry) => inTurn(entry.room, () => apply(entry)));
  }
  socket.on("room:reset", (reset) =>
    inTurn(reset.room, () => {
      position = { epoch: reset.epoch, seq: reset.head };
      listener.lost();
    }),
  );
  socket.on("connect", join);
}
