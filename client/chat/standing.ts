import type { Clock } from "../../src/clock.ts";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { EventName, Payload } from "../../src/protocol/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Channel } from "../channel.ts";
import type { Entry, Joined, Position, RoomChange } from "./follow.ts";
import type { Mute, Muted } from "./mute.ts";
import type { Outbox, Outgoing } from "./outbox.ts";
import { createPeople, type Member } from "./people.ts";
import { createReading } from "./reading.ts";
import { createTimeline, type Paging } from "./timeline.ts";

/** A room as it stands. Everything in it follows the log and the people by itself. */
export interface RoomSnapshot {
  readonly room: string;
  /**
   * `joining`: not yet level with the log, or there is no connection; what is here is what was last known. `live`: level. `refused`: one may not
   * be here, or was removed, as `failure` says. `left`: by ourselves.
   */
  readonly status: "joining" | "live" | "refused" | "left";
  readonly failure?: Failure;
  readonly epoch?: string;
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
  readonly muted?: Muted;
}

/** What a room is made of, kept level with what is told of it. */
export interface Standing {
  /** The server counts us among those who attend. */
  readonly isJoined: boolean;
  /** The newest `seq` that is known. */
  readonly head: number;
  readonly more: boolean;
  snapshot(): RoomSnapshot;
  /** Stands beside a bare `seq`, so that it means the log in which it was seen. */
  epoch(): { epoch?: string };
  /** What comes next. */
  hear(change: RoomChange): void;
  joined(joined: Joined): void;
  /** One may not be here. */
  refused(failure: Failure): void;
  /** Begins to read what comes before; `undefined` where nothing was told yet. */
  page(): Paging | undefined;
  /** These are in the timeline now. */
  show(entries: readonly Entry[]): void;
  markRead(seq: number): void;
  /** Nothing is heard any more: one has left, or was removed. */
  end(removal?: Failure): void;
}

export interface StandingOptions {
  readonly clock: Clock;
  readonly channel: Channel<typeof chat>;
  readonly id: string;
  readonly since: Position | undefined;
  readonly outbox: Outbox;
  readonly mute: Mute;
  readonly request: Channel<typeof chat>["request"];
  changed(): void;
}

/** The events of one room that are no entries of its log. */
export type RoomEvent = Extract<
  EventName<typeof chat>,
  `${"presence" | "typing" | "marker" | "member"}:${string}` | "room:left"
>;

/** Hears the events of one room. @returns what ends it */
export function hearRoom<E extends RoomEvent>(
  { channel, id }: Pick<StandingOptions, "channel" | "id">,
  event: E,
  hear: (payload: Payload<typeof chat, E>) => void,
): () => void {
  return channel.on(event, (payload) => {
    if (payload.room === id) hear(payload);
  });
}

export function createStanding(options: StandingOptions): Standing {
  const { clock, channel, id, since, outbox, mute, request, changed } = options;
  let isJoined = false;
  let failure: Failure | undefined;
  let ended: "refused" | "left" | undefined;
  /** The head that the last join has told: entries up to it may still be on their way. */
  let newest = 0;

  const self = () => channel.getSnapshot().session?.user.id;
  const isLevel = () => timeline.head >= newest;
  const headNow = () => Math.max(newest, timeline.head);
  const epoch = () => (timeline.epoch === undefined ? {} : { epoch: timeline.epoch });

  const timeline = createTimeline(since);
  const people = createPeople({ clock, ask: () => request("room:members", { room: id }), changed });
  const reading = createReading({
    clock,
    self,
    find: timeline.find,
    count: (marker) => (isLevel() ? timeline.unread(marker, self()) : undefined),
    tell: (seq) => (isJoined ? request("marker:move", { room: id, seq, ...epoch() }) : undefined),
    changed,
  });

  function snapshot(): RoomSnapshot {
    const { muted } = mute;
    const { status, failure: told } = channel.getSnapshot();
    const refusal = failure ?? (status === "refused" ? told : undefined);
    return {
      room: id,
      status: ended ?? (isJoined && isLevel() ? "live" : refusal ? "refused" : "joining"),
      ...(refusal && { failure: refusal }),
      ...epoch(),
      head: headNow(),
      messages: timeline.messages(),
      more: timeline.more,
      outgoing: outbox.outgoing(),
      members: people.members(),
      memberCount: people.memberCount,
      typing: people.typing(),
      marker: reading.marker,
      unread: reading.unread,
      markers: people.markers(),
      ...(muted && { muted }),
    };
  }

  function show(entries: readonly Entry[]): void {
    for (const { from, id: own } of entries) if (from.id === self()) outbox.shown(own);
    changed();
  }

  function hear(change: RoomChange): void {
    if (change.kind === "reset") {
      newest = change.head;
      if (change.epoch !== timeline.epoch) {
        people.forgetMarkers();
        reading.lost();
      }
      timeline.apply(change);
      return show(change.entries);
    }
    reading.heard(change);
    timeline.apply(change);
    if (change.kind === "sent") people.typed(change.from.id, false);
    // While one catches up, nobody is told who comes and goes.
    if (isJoined && change.seq === newest) people.refresh();
    show(change.kind === "sent" ? [change] : []);
  }

  function joined(told: Joined): void {
    isJoined = true;
    failure = undefined;
    newest = told.head;
    people.joined(told);
    reading.joined(told);
    outbox.live(told.epoch);
    changed();
  }

  function refused(told: Failure): void {
    isJoined = false;
    failure = told;
    changed();
  }

  function disconnected(): void {
    isJoined = false;
    people.stop();
    changed();
  }

  channel.socket.on("disconnect", disconnected);
  const ends = [
    () => void channel.socket.off("disconnect", disconnected),
    hearRoom(options, "presence:changed", people.came),
    hearRoom(options, "typing:changed", ({ user, typing }) => {
      if (user !== self()) people.typed(user, typing);
    }),
    hearRoom(options, "marker:moved", ({ user, seq }) => {
      if (user === self()) reading.move(seq, "elsewhere");
      else people.marked(user, seq);
    }),
  ];

  return {
    get isJoined() {
      return isJoined;
    },
    get head() {
      return headNow();
    },
    get more() {
      return timeline.more;
    },
    snapshot,
    epoch,
    hear,
    joined,
    refused,
    page: timeline.page,
    show,
    markRead(seq) {
      if (!ended) reading.move(Math.min(seq, headNow()));
    },
    end(removal) {
      ended = removal ? "refused" : "left";
      failure = removal;
      for (const act of ends) act();
      reading.stop();
      disconnected();
    },
  };
}
