import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { EventName, Payload } from "../../src/protocol/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import { after } from "../clock.ts";
import { finalFailure, RequestError } from "../failure.ts";
import { createLive } from "../live.ts";
import { fill } from "../run.ts";
import { single } from "../single.ts";
import { createStream } from "../stream.ts";
import { type Entry, follow, type Joined, type RoomChange } from "./follow.ts";
import { newId, type Outgoing } from "./outgoing.ts";
import { createPeople } from "./people.ts";
import { createReading } from "./reading.ts";
import type { Muted, Room, RoomOptions, RoomSnapshot, Sanction } from "./room.ts";
import { createTimeline } from "./timeline.ts";
import { createTypist } from "./typist.ts";

/** The events of one room that are no entries of its log. */
type RoomEvent = Extract<
  EventName<typeof chat>,
  `${"presence" | "typing" | "marker" | "member"}:${string}` | "room:left"
>;

/** Attends a room. It ends when one leaves, or is sent away, or with the channel. */
export function createRoom(options: RoomOptions): Room {
  const { channel, id, outbox } = options;
  const { socket } = channel;
  const { tell, end: endStream, ...stream } = createStream<RoomChange>();
  const timeline = createTimeline(options.since);
  let ended: "refused" | "left" | undefined;
  let failure: Failure | undefined;
  let isJoined = false;
  /** The head that the last join has told: entries up to it may still be on their way. */
  let newest = 0;
  let muted: Muted | undefined;
  let unmuteLater: (() => void) | undefined;

  const self = () => channel.getSnapshot().session?.user.id;
  const headNow = () => Math.max(newest, timeline.head);

  const { changed, ...room } = createLive((): RoomSnapshot => {
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

  const request: typeof channel.request = (name, input) =>
    channel.request(name, input).catch((error: RequestError) => {
      learn(error.failure);
      throw error;
    });
  const people = createPeople(() => request("room:members", { room: id }), changed);
  const reading = createReading(socket, id, timeline, self, changed);
  const typist = createTypist((typing) => void request("typing:set", { room: id, typing }).catch(() => {}));

  function mute(told?: { readonly untilAt?: unknown }): void {
    unmuteLater?.();
    const untilAt = told?.untilAt as number | undefined;
    muted = told && (untilAt === undefined ? {} : { untilAt });
    // Nobody tells when it has run out.
    if (untilAt !== undefined) unmuteLater = after(untilAt - channel.now(), mute);
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
        people.lost();
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
      show([change]);
    }
    outbox.told(id, change.epoch, timeline.head);
    tell(change);
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

  function refused(told: Failure): void {
    isJoined = false;
    failure = told;
    changed();
  }

  function disconnected(): void {
    isJoined = false;
    typist.stop();
    people.stop();
    reading.stop();
    changed();
  }

  const unfollow = follow(socket, id, heard, { ...options, onJoined: joined, onFailure: refused });
  const on = <E extends RoomEvent>(event: E, hear: (payload: Payload<typeof chat, E>) => void) =>
    channel.on(event, (payload) => {
      if (payload.room === id) hear(payload);
    });
  socket.on("disconnect", disconnected);
  const ends = [
    unfollow,
    () => socket.off("disconnect", disconnected),
    reading.end,
    options.whenWritten(changed),
    on("presence:changed", people.came),
    on("typing:changed", ({ user, typing }) => {
      if (user !== self()) people.typed(user, typing);
    }),
    on("marker:moved", ({ user, seq }) => {
      if (user === self()) reading.move(seq, true);
      else people.marked(user, seq);
    }),
    on("member:removed", ({ room: _room, user, action, ...details }) => {
      const removal = finalFailure(action === "banned" ? "banned" : "forbidden");
      // Beside the code it says what was said of it: a reason, an end.
      if (user === self()) end(true, { ...removal, details });
    }),
    on("room:left", () => end(true)),
    on("member:muted", ({ user, untilAt }) => {
      if (user === self()) mute({ untilAt });
    }),
    on("member:unmuted", ({ user }) => {
      if (user === self()) mute();
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
    endStream();
    options.left(hasQuit);
  }

  const readMore = single(async (most: number = 50): Promise<void> => {
    if (timeline.epoch && !timeline.more) return;
    try {
      show(await fill(timeline.page(), (asked) => request("history:read", { room: id, ...asked, limit: most })));
    } catch (error) {
      // The log is another one: the room is about to show what there is of it.
      if (!(error instanceof RequestError && error.code === "conflict")) throw error;
    }
  });

  /** What is asked at once or not at all: nothing of it waits for a connection. */
  const act =
    (how: "kick" | "ban" | "mute" | "unban" | "unmute") =>
    async (user: string, sanction?: Sanction): Promise<void> => {
      await request(`member:${how}`, { ...sanction, room: id, user });
    };

  function sent(message: Outgoing): Outgoing {
    void outbox.settled(message.id).then((outcome) => learn(outcome.failure));
    return message;
  }

  return {
    ...room,
    ...stream,
    id,
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
    readMore,
    setTyping(typing) {
      if (isJoined) typist.set(typing);
    },
    markRead(seq = headNow()) {
      if (!ended) reading.move(Math.min(seq, headNow()));
    },
    kick: act("kick"),
    ban: act("ban"),
    mute: act("mute"),
    unban: act("unban"),
    unmute: act("unmute"),
    leave: () => end(false),
    async quit() {
      await request("room:quit", { room: id });
      end(true);
    },
  };
}
