import { randomUUID } from "node:crypto";
import { GATHER_MS, type Presence, type PresenceChange } from "../../src/presence/index.ts";
import { eventually } from "../kit/wait.ts";

export interface OpenedPresence {
  readonly presence: Presence;
  /** Lets so much time pass for it, and whatever is due in it happen. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export type OpenPresence = () => Promise<OpenedPresence>;

/** One room that a test has for itself, and short words for what happens in it. */
export interface Scene extends OpenedPresence {
  readonly room: string;
  /** What was told of the room. */
  readonly changes: PresenceChange[];
  enter(user: string, connection?: string, name?: string): Promise<unknown>;
  leave(user: string, connection?: string): Promise<void>;
  drop(user: string, connection?: string): Promise<void>;
  /** The ids of those who attend. */
  there(): Promise<string[]>;
  version(): Promise<number>;
  /** Waits for the changes of what has happened so far. */
  told(count?: number): Promise<PresenceChange[]>;
}

/** Gives every test of a suite its own presence, which is closed after it. */
export function scenes(open: OpenPresence): (room?: string) => Promise<Scene> {
  const closers: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  return async (room = `room-${randomUUID()}`) => {
    const store = await open();
    const { presence, advance } = store;
    const changes: PresenceChange[] = [];
    closers.push(
      () => store.close(),
      presence.listen((change) => change.room === room && changes.push(change)),
    );
    return {
      ...store,
      room,
      changes,
      enter: (user, connection = user, name = user) => presence.enter(room, { id: user, name }, connection),
      leave: (user, connection = user) => presence.leave(room, user, connection),
      drop: (user, connection = user) => presence.leave(room, user, connection, "dropped"),
      there: async () => (await presence.attending(room, Infinity)).members.map(({ id }) => id),
      version: async () => (await presence.attending(room, 0)).version,
      async told(count = 1) {
        await advance(GATHER_MS);
        await eventually(() => changes.length >= count);
        return changes;
      },
    };
  };
}
