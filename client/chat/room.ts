import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { EventName, Payload } from "../../src/protocol/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Channel } from "../channel.ts";
import { after } from "../clock.ts";
import { ownFailure, RequestError } from "../failure.ts";
import { createLive, type Live } from "../live.ts";
import { createStream } from "../stream.ts";
import { type Entry, follow, type Joined, type Position, type RoomChange } from "./follow.ts";
import { type Draft, newId, type Outbox, type Outgoing } from "./outbox.ts";
import { createPeople } from "./people.ts";
import { createReading } from "./reading.ts";
import type { Muted, RoomSnapshot } from "./snapshot.ts";
import { createTimeline } from "./timeline.ts";
import { createTypist } from "./typist.ts";

export type { Member } from "./people.ts";
export type { RoomSnapshot } from "./snapshot.ts";

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

export interface RoomOptions {
  readonly channel: Channel<typeof chat>;
  readonly id: string;
  readonly outbox: Outbox;
  readonly since?: Position | undefined;
  readonly limit?: number | undefined;
  /** One is in it, on this connection. */
  joined(): void;
  /** It follows no longer, and will not again; `hasQuit`: nor is one a member any more. */
  left(hasQuit: boolean): void;
}

/** The events of one room that are no entries of its log. */
type RoomEvent = Extract<
  EventName<typeof chat>,
  `${"presence" | "typing" | "marker" | "member"}:${string}` | "room:left"
>;

/** Attends a room. It ends when one leaves, or is sent away, or with the channel. */
export function createRoom(options: RoomOptions): Room & { changed(): void } {
  const { channel, id, outbox, since, limit } = options;
  const { socket } = channel;
  const stream = createStream<RoomChange>();
  const timeline = createTimeline(since);
  let ended: "refused" | "left" | undefined;
  let failure: Failure | undefined;
  let isJoined = false;
  /** The head that the last join has told: entries up to it may still be on their way. */
  let newest = 0;
  let muted: Muted | undefined;
  let unmuteLater: (() => void) | undefined;
  let paging: Promise<void> | undefined;

  const self = () => channel.getSnapshot().session?.user.id;
  const isSelf = ({ user }: { user: string }) => user === self();
  const headNow = () => Math.max(newest, timeline.head);

  const room = createLive((): RoomSnapshot => {
    const { status, failure: told } = channel.getSnapshot();
    const refusal = failure ?? (status === "refused" ? told : undefined);
    const isLive = isJoined && timeline.head >= newest;
    return {
      room: id,
      status: ended ?? (isLive ? "live" : refusal ? "refused" : "joining"),
      failure: refusal,
      epoch: timeline.epoch,
      head: headNow(),
      messages: timeline.messages,
      more: timeline.more,
      outgoing: outbox.outgoing(id),
      ...people.now,
      ...reading.now,
      muted,
    };
  });
  const { changed } = room;

  const request: typeof channel.request = (name, input) => {
    const answer = channel.request(name, input);
    answer.catch((error: RequestError) => learn(error.failure));
    return answer;
  };
  const people = createPeople({ ask: () => request("room:members", { room: id }), changed });
  const reading = createReading({ socket, room: id, timeline, self, changed });
  const typist = createTypist((typing) => void request("typing:set", { room: id, typing }).catch(() => {}));

  function mute(told?: { readonly untilAt?: unknown }): void {
    unmuteLater?.();
    const untilAt = told?.untilAt as number | undefined;
    muted = told && (untilAt === undefined ? {} : { untilAt });
    // Nobody tells when it has run out.
    if (untilAt !== undefined) unmuteLater = after(untilAt - Date.now(), mute);
    changed();
  }

  /** What was refused may tell that one is muted. */
  function learn(refusal: Failure | undefined): void {
    if (refusal?.code === "muted") mute(refusal.details ?? {});
  }

  function show(entries: readonly Entry[]): void {
    for (const { from, id: own } of entries) if (from.id === self()) outbox.shown(own);
    changed();
  }

  function heard(change: RoomChange): void {
    if (change.kind === "reset") {
      newest = change.head;
      if (change.epoch !== timeline.epoch) {
        people.forgetMarkers();
        reading.lost();
      }
      timeline.apply(change);
      show(change.entries);
    } else {
      timeline.apply(change);
      reading.heard(change);
      if (change.kind === "sent") people.typed(change.from.id, false);
      // While one catches up, nobody is told who comes and goes.
      if (isJoined && change.seq === newest) void people.refresh();
      show(change.kind === "sent" ? [change] : []);
    }
    outbox.told(id, change.epoch, timeline.head);
    stream.tell(change);
  }

  function joined(told: Joined): void {
    isJoined = true;
    failure = undefined;
    newest = told.head;
    mute(told.muted);
    people.joined(told);
    reading.joined(told);
    outbox.told(id, told.epoch, timeline.head);
    options.joined();
  }

  function refused(told?: Failure): void {
    isJoined = false;
    failure = told;
    changed();
  }

  function disconnected(): void {
    isJoined = false;
    typist.forget();
    people.stop();
    reading.disconnected();
    changed();
  }

  const unfollow = follow(socket, id, heard, { since, limit, onJoined: joined, onFailure: refused });
  const on = <E extends RoomEvent>(event: E, hear: (payload: Payload<typeof chat, E>) => void) =>
    channel.on(event, (payload) => {
      if (payload.room === id) hear(payload);
    });
  socket.on("disconnect", disconnected);
  const ends = [
    unfollow,
    () => socket.off("disconnect", disconnected),
    reading.end,
    on("presence:changed", people.came),
    on("typing:changed", (typing) => {
      if (!isSelf(typing)) people.typed(typing.user, typing.typing);
    }),
    on("marker:moved", (moved) => {
      if (isSelf(moved)) reading.move(moved.seq, "elsewhere");
      else people.marked(moved.user, moved.seq);
    }),
    on("member:removed", (removed) => {
      if (isSelf(removed)) end(true, removalOf(removed));
    }),
    on("room:left", () => end(true)),
    on("member:muted", (told) => {
      if (isSelf(told)) mute(told);
    }),
    on("member:unmuted", (told) => {
      if (isSelf(told)) mute();
    }),
    channel.subscribe(() => {
      if (channel.getSnapshot().status === "closed") end(false);
      else changed();
    }),
  ];

  function end(hasQuit: boolean, removal?: Failure): void {
    if (ended) return;
    ended = removal ? "refused" : "left";
    for (const act of ends) act();
    disconnected();
    mute();
    failure = removal;
    stream.end();
    options.left(hasQuit);
  }

  async function readPage(most: number): Promise<void> {
    const page = timeline.page();
    if (!page) throw new RequestError(ownFailure("unavailable"));
    if (!timeline.more) return void page.end();
    try {
      show(page.end(await request("history:read", { room: id, ...page.asked, limit: most })));
    } catch (error) {
      page.end();
      // The log is another one: the room is about to show what there is of it.
      if ((error as RequestError).code !== "conflict") throw error;
    }
  }

  /** What is asked at once or not at all: nothing of it waits for a connection. */
  const act =
    (name: `member:${"kick" | "ban" | "mute" | "unban" | "unmute"}`) =>
    async (user: string, sanction?: Sanction): Promise<void> => {
      await request(name, { ...sanction, room: id, user });
    };

  function sent(message: Outgoing): Outgoing {
    void outbox.settled(message.id).then((outcome) => learn(outcome.failure));
    return message;
  }

  return {
    ...room,
    id,
    listen: stream.listen,
    [Symbol.asyncIterator]: stream[Symbol.asyncIterator],
    send(draft) {
      const message = sent(outbox.send(id, typeof draft === "string" ? { text: draft } : draft));
      typist.set(false);
      return message;
    },
    settled: outbox.settled,
    retry: (failed) => sent(outbox.retry(failed)),
    discard: outbox.discard,
    async edit(target, text) {
      await request("message:edit", { room: id, target, epoch: timeline.epoch, id: newId(), text });
    },
    async remove(target) {
      // The same id each time: whoever tries again, not knowing what came of it, hears that it is done.
      await request("message:delete", { room: id, target, epoch: timeline.epoch, id: `delete-${target}` });
    },
    readMore: (most = 50) => (paging ??= readPage(most).finally(() => (paging = undefined))),
    setTyping(typing) {
      if (isJoined) typist.set(typing);
    },
    markRead(seq = headNow()) {
      if (!ended) reading.move(Math.min(seq, headNow()));
    },
    kick: act("member:kick"),
    ban: act("member:ban"),
    mute: act("member:mute"),
    unban: act("member:unban"),
    unmute: act("member:unmute"),
    leave: () => end(false),
    async quit() {
      await request("room:quit", { room: id });
      end(true);
    },
  };
}

/** Beside the code it says what was said of it: a reason, an end. */
function removalOf({ room: _room, user: _user, action, ...details }: Payload<typeof chat, "member:removed">): Failure {
  return { ...ownFailure(action === "banned" ? "banned" : "forbidden", "One was sent out of the room."), details };
}
