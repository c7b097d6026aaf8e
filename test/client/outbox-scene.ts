import { keptIn } from "../../client/chat/outbox-storage.ts";
import { createOutbox } from "../../client/chat/outbox.ts";
import type { Draft } from "../../client/chat/outgoing.ts";
import type { FakeClock } from "../kit/clock.ts";
import { FakeChannel, FakeLog, type FakeStorage, type Fate } from "./fake-log.ts";

export const room = "lobby";

/** One room's part of an outbox. */
export function outboxOf(...given: Parameters<typeof createOutbox>) {
  const outbox = createOutbox(...given);
  return {
    ...outbox,
    outgoing: () => outbox.outgoing(room),
    send: (draft: Draft) => outbox.send(room, draft),
    told: (epoch: string, seq: number) => outbox.told(room, epoch, seq),
    /** The room is level with its log, which is empty for all it knows. */
    live: (epoch: string) => outbox.told(room, epoch, 0),
  };
}

export type RoomOutbox = ReturnType<typeof outboxOf>;

/** An outbox in a page of its own, over a log that others may share. */
export function scene(clock: FakeClock, { fates = [], storage, user = "ann", log }: SceneOptions = {}) {
  const ownLog = log ?? new FakeLog(clock);
  const connection = new FakeChannel(clock, ownLog, () => fates.shift() ?? "answered");
  let changes = 0;
  const outbox = outboxOf(connection.channel, storage && keptIn(storage), () => changes++);
  const open = (as = user) => connection.open(as);
  const leave = () => outbox.left(room);
  return { outbox, clock, log: ownLog, connection, open, leave, changes: () => changes };
}

export interface SceneOptions {
  fates?: Fate[];
  storage?: FakeStorage;
  user?: string;
  log?: FakeLog;
}

export const textsOf = (messages: readonly { text: string }[]) => messages.map(({ text }) => text);
export const statesOf = (outbox: RoomOutbox) => outbox.outgoing().map(({ state }) => state);
export const sendAll = (outbox: RoomOutbox, ...texts: string[]) => texts.map((text) => outbox.send({ text }));
