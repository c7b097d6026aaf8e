import { openShelf } from "../../client/chat/outbox-storage.ts";
import { createOutbox, type KeptOutbox } from "../../client/chat/outbox.ts";
import { fakeClock } from "../kit/clock.ts";
import { FakeChannel, FakeLog, type FakeStorage, type Fate } from "./fake-log.ts";

export const room = "lobby";

/** An outbox in a page of its own, over a log that others may share. */
export function scene({ fates = [], storage, user = "ann", log, clock = fakeClock() }: SceneOptions = {}) {
  const ownLog = log ?? new FakeLog(clock);
  const connection = new FakeChannel(clock, ownLog, () => fates.shift() ?? "answered");
  let isAttended = true;
  let changes = 0;
  const outbox = createOutbox({
    channel: connection.channel,
    room,
    clock,
    pace: { take: () => 0 },
    serverNow: clock.now,
    isAttended: () => isAttended,
    changed: () => changes++,
  });
  const open = (as = user) => {
    const shelf = openShelf(storage, as);
    connection.isOpen = true;
    outbox.opened(as, shelf, shelf.load().get(room));
  };
  const leave = () => {
    isAttended = false;
    outbox.left();
  };
  return { outbox, clock, log: ownLog, connection, open, leave, changes: () => changes };
}

export interface SceneOptions {
  fates?: Fate[];
  storage?: FakeStorage;
  user?: string;
  log?: FakeLog;
  clock?: ReturnType<typeof fakeClock>;
}

export const textsOf = (messages: readonly { text: string }[]) => messages.map(({ text }) => text);
export const statesOf = (outbox: KeptOutbox) => outbox.outgoing().map(({ state }) => state);
export const sendAll = (outbox: KeptOutbox, ...texts: string[]) => texts.map((text) => outbox.send({ text }));
