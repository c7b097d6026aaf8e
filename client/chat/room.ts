import type { Clock } from "../../src/clock.ts";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Payload } from "../../src/protocol/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Channel } from "../channel.ts";
import { ownFailure, RequestError } from "../failure.ts";
import { createLive, type Live } from "../live.ts";
import { createStream } from "../stream.ts";
import { createActions, type Sanction } from "./actions.ts";
import { follow, type Position, type RoomChange } from "./follow.ts";
import { createMute } from "./mute.ts";
import type { Draft, Outbox, Outgoing } from "./outbox.ts";
import { createStanding, hearRoom, type RoomSnapshot } from "./standing.ts";
import { createTypist } from "./typist.ts";

export type { Sanction } from "./actions.ts";
export type { Member } from "./people.ts";
export type { RoomSnapshot } from "./standing.ts";

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

export interface RoomOptions {
  readonly clock: Clock;
  readonly channel: Channel<typeof chat>;
  readonly id: string;
  readonly outbox: Outbox;
  readonly since?: Position;
  readonly limit?: number;
  /** It follows no longer, and will not again; `hasQuit`: nor is one a member any more. */
  left(hasQuit: boolean): void;
}

/** Attends a room. It ends when one leaves, or is sent away, or with the channel. */
export function createRoom(options: RoomOptions): Room & { outboxChanged(): void } {
  const { clock, channel, id, outbox, since, limit, left } = options;
  const room = createLive((): RoomSnapshot => standing.snapshot());
  const { changed } = room;
  const stream = createStream<RoomChange>();
  const mute = createMute(clock, changed);
  const request: typeof channel.request = (name, input) => {
    const answer = channel.request(name, input);
    answer.catch((error: unknown) => {
      if (error instanceof RequestError) mute.learn(error.failure);
    });
    return answer;
  };
  const standing = createStanding({ clock, channel, id, since, outbox, mute, request, changed });
  const actions = createActions({ room: id, request, epoch: standing.epoch });
  const typist = createTypist(clock, (typing) => void request("typing:set", { room: id, typing }).catch(() => {}));
  let isOver = false;
  let paging: Promise<void> | undefined;
  let pending: ReadonlySet<string> = new Set();

  const unfollow = follow(
    channel.socket,
    id,
    (change) => {
      standing.hear(change);
      stream.tell(change);
    },
    {
      ...(since && { since }),
      ...(limit !== undefined && { limit }),
      onJoined(joined) {
        mute.set(joined.muted !== undefined, joined.muted?.untilAt);
        standing.joined(joined);
      },
      onFailure: standing.refused,
    },
  );
  channel.socket.on("disconnect", typist.forget);
  const ends = [
    () => void channel.socket.off("disconnect", typist.forget),
    hearRoom(options, "member:removed", (removed) => {
      if (isSelf(removed)) end(true, removalOf(removed));
    }),
    hearRoom(options, "room:left", () => end(true)),
    hearRoom(options, "member:muted", (muted) => {
      if (isSelf(muted)) mute.set(true, muted.untilAt);
    }),
    hearRoom(options, "member:unmuted", (unmuted) => {
      if (isSelf(unmuted)) mute.set(false);
    }),
    channel.subscribe(() => {
      if (channel.getSnapshot().status === "closed") end(false);
      else changed();
    }),
  ];

  function isSelf({ user }: { user: string }): boolean {
    return user === channel.getSnapshot().session?.user.id;
  }

  function end(hasQuit: boolean, removal?: Failure): void {
    if (isOver) return;
    isOver = true;
    unfollow();
    for (const act of ends) act();
    typist.forget();
    standing.end(removal);
    mute.set(false);
    stream.end();
    left(hasQuit);
  }

  async function readPage(most: number): Promise<void> {
    const page = standing.page();
    if (!page) throw new RequestError(ownFailure("unavailable"));
    if (!standing.more) return void page.end();
    try {
      standing.show(page.end(await request("history:read", { room: id, ...page.asked, limit: most })));
    } catch (error) {
      page.end();
      // The log is another one: the room is about to show what there is of it.
      if ((error as RequestError).code !== "conflict") throw error;
    }
  }

  return {
    ...room,
    ...actions,
    id,
    listen: stream.listen,
    [Symbol.asyncIterator]: stream[Symbol.asyncIterator],
    send(draft) {
      const sent = outbox.send(typeof draft === "string" ? { text: draft } : draft);
      typist.set(false);
      return sent;
    },
    settled: outbox.settled,
    retry: outbox.retry,
    discard: outbox.discard,
    readMore(most = 50) {
      paging ??= readPage(most).finally(() => (paging = undefined));
      return paging;
    },
    setTyping(typing) {
      if (standing.isJoined) typist.set(typing);
    },
    markRead: (seq = standing.head) => standing.markRead(seq),
    leave: () => end(false),
    async quit() {
      await request("room:quit", { room: id });
      end(true);
    },
    outboxChanged() {
      const waiting = new Set<string>();
      for (const { id: own, state, failure } of outbox.outgoing()) {
        if (state === "pending") waiting.add(own);
        // Not what was kept from an earlier day.
        else if (failure && pending.has(own)) mute.learn(failure);
      }
      pending = waiting;
      changed();
    },
  };
}

function removalOf({ action, reason, untilAt }: Payload<typeof chat, "member:removed">): Failure {
  return {
    code: action === "banned" ? "banned" : "forbidden",
    message: "One was sent out of the room.",
    retryable: false,
    details: { ...(reason !== undefined && { reason }), ...(untilAt !== undefined && { untilAt }) },
  };
}
