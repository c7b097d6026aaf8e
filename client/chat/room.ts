import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Channel } from "../channel.ts";
import type { Live } from "../live.ts";
import type { Entry, Position, RoomChange } from "./follow.ts";
import type { Outbox } from "./outbox.ts";
import type { Draft, Outgoing } from "./outgoing.ts";
import type { Member } from "./people.ts";

export type { Member } from "./people.ts";

/** One may not write, until then (epoch milliseconds) where it has an end. */
export interface Muted {
  readonly untilAt?: number | undefined;
}

/** A room as it stands. Everything in it follows the log and the people by itself. */
export interface RoomSnapshot {
  readonly room: string;
  /**
   * `joining`: not yet level with the log, or there is no connection; what is here is what was last known. `live`: level. `refused`: one may not
   * be here, or was removed, as `failure` says. `left`: by ourselves.
   */
  readonly status: "joining" | "live" | "refused" | "left";
  readonly failure?: Failure | undefined;
  readonly epoch?: string | undefined;
  /** The newest `seq` of the room. */
  readonly head: number;
  /** Messages, oldest first, with their present text (`editedAt`), or without any (`deletedAt`). */
  readonly messages: readonly Entry[];
  /** There are older ones to be read. */
  readonly more: boolean;
  /** One's own messages that are not among `messages` yet, oldest first: pending, sent a moment ago, or failed. */
  readonly outgoing: readonly Outgoing[];
  /** Who attends, by name; in rooms of more than 200 not all. */
  readonly members: readonly Member[];
  readonly memberCount: number;
  /** User ids of others who type. */
  readonly typing: readonly string[];
  /** What one has read, as a `seq`, and how many messages of others come after it. */
  readonly marker: number;
  readonly unread: number;
  /** What others have read, as far as it was told since one joined: `seq` by user id. */
  readonly markers: ReadonlyMap<string, number>;
  /** One may not write, until then (epoch milliseconds) where it has an end. */
  readonly muted?: Muted | undefined;
}

/** For so long, or until somebody ends it. */
export interface Sanction {
  readonly forSec?: number;
  readonly reason?: string;
}

/**
 * A room that stays right by itself: entries come in order and once, over cuts, dead workers and lost logs.
 *
 * As a live value it is a `RoomSnapshot`. As an async iterable it gives what happens from now on: `for await (const change of room)`; whoever
 * takes too long for it (10,000 changes wait) gets a `RequestError` of code `slow_consumer`.
 */
export interface Room extends Live<RoomSnapshot>, AsyncIterable<RoomChange> {
  readonly id: string;
  /** Tells each change once, in order: an entry, or a reset where they do not follow on. Offline it is silent. @returns what ends it. */
  listen(hear: (change: RoomChange) => void): () => void;
  /**
   * Sends a message; offline, as soon as there is a connection. Messages of a room are sent one after another, in the order in which they were
   * written, and are each stored once, however often they are sent. How it goes is in the snapshot's `outgoing`.
   * @throws RequestError `too_large` where 100 messages of this room wait already
   */
  send(draft: string | Draft): Outgoing;
  /**
   * Resolves when a message of `send` is sent or has failed: which of both is in it. Offline: when there is a connection again. Rejects with a
   * RangeError where there is no such message, or it was settled long ago.
   */
  settled(id: string): Promise<Outgoing>;
  /** Sends a failed message again, as a new one. @throws RangeError where there is no such message */
  retry(id: string): Outgoing;
  /**
   * Forgets a message that failed or waits. One that was on its way already may be stored: then it is in the room like any other. Offline: one
   * that was never sent is gone at once.
   */
  discard(id: string): void;
  /** Gives a message of one's own another text. Offline: `unavailable` at once. Trying again is safe. @throws RequestError */
  edit(seq: number, text: string): Promise<void>;
  /** Deletes a message. Offline: `unavailable` at once. Trying again is safe. @throws RequestError */
  remove(seq: number): Promise<void>;
  /** Reads up to `limit` older messages (1 to 300; 50 unless given) into the snapshot. Offline: `unavailable` at once. @throws RequestError */
  readMore(limit?: number): Promise<void>;
  /** Tells the others that one types; call it with every key. Ends by itself, with a message or after a while. Offline: nothing is told. */
  setTyping(typing: boolean): void;
  /** One has read up to `seq`, or all. Never backwards. Offline: told when there is a connection again. */
  markRead(seq?: number): void;
  /** Sends a user out and ends the membership (moderators). Offline: `unavailable` at once. @throws RequestError */
  kick(user: string, sanction?: Sanction): Promise<void>;
  /** Keeps a user out, until `unban` without `forSec` (moderators). Offline: `unavailable` at once. @throws RequestError */
  ban(user: string, sanction?: Sanction): Promise<void>;
  /** Lets a user read but not write, until `unmute` without `forSec` (moderators). Offline: `unavailable` at once. @throws RequestError */
  mute(user: string, sanction?: Sanction): Promise<void>;
  /** Ends a ban (moderators). Offline: `unavailable` at once. @throws RequestError */
  unban(user: string): Promise<void>;
  /** Ends a mute (moderators). Offline: `unavailable` at once. @throws RequestError */
  unmute(user: string): Promise<void>;
  /** Attends no longer; what is unsent is still sent. Offline: the server notices by itself. */
  leave(): void;
  /** Is no longer a member, on any device, and leaves. Offline: `unavailable` at once. @throws RequestError */
  quit(): Promise<void>;
}

/** What a room is made of. */
export interface RoomOptions {
  readonly channel: Channel<typeof chat>;
  readonly id: string;
  readonly outbox: Outbox;
  readonly since?: Position | undefined;
  readonly limit?: number | undefined;
  /** Runs when the outbox may give something else. @returns what ends it */
  whenWritten(act: () => void): () => void;
  /** One is in it, on this connection. */
  joined(): void;
  /** It follows no longer, and will not again; `hasQuit`: nor is one a member any more. */
  left(hasQuit: boolean): void;
}
