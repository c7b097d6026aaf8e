import { z } from "zod";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";
import type { RedisLink } from "../redis/link.ts";
import type { Presence, PresenceChange } from "./index.ts";

const memberSchema = z.object({ id: z.string(), name: z.string() });

/** What workers tell each other. Another release may say more. */
const changeSchema = z.object({
  protocol: z.literal(1),
  room: z.string(),
  version: z.number(),
  joined: z.array(memberSchema),
  left: z.array(memberSchema),
  memberCount: z.number(),
});

export interface RelayOptions {
  readonly link: RedisLink;
  readonly logger: Logger;
}

/**
 * Brings what one worker has to tell of a room to every worker from which somebody attends it: only there is it known which sockets are
 * to be told what. The listeners of the result hear of those rooms alone.
 */
export function relayPresence(presence: Presence, options: RelayOptions): Presence & { close(): void } {
  const listeners = new Set<(change: PresenceChange) => void>();
  const relay = new Relay(options, (change) => listeners.forEach((listener) => listener(change)));
  const stopTelling = presence.listen((change) => void relay.tell(change));
  const stopRestoring = options.link.onGap(() => void relay.restore());
  return {
    async enter(room, member, connection, most) {
      const isNew = relay.attend(room, connection);
      try {
        // First: who is shown those that attend has to be told of all that comes after.
        await relay.listening(room);
        // Whoever has left meanwhile was not there to leave.
        if (!relay.attends(room, connection)) throw new CarillonError("unavailable");
        return await presence.enter(room, member, connection, most);
      } catch (error) {
        if (isNew) relay.leave(room, connection);
        throw error;
      }
    },
    async leave(room, user, connection, how) {
      relay.leave(room, connection);
      await presence.leave(room, user, connection, how);
    },
    expel: (room, user) => presence.expel(room, user),
    attending: (room, most) => presence.attending(room, most),
    absent: (room, users) => presence.absent(room, users),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      stopRestoring();
      stopTelling();
      relay.close();
      listeners.clear();
    },
  };
}

/** A room that somebody attends from here. */
interface Audience {
  readonly connections: Set<string>;
  /** Resolves with what ends the listening; with nothing where Redis was out, and then it has to be tried again. */
  listening: Promise<(() => void) | undefined>;
}

class Relay {
  readonly #options: RelayOptions;
  readonly #hear: (change: PresenceChange) => void;
  readonly #audiences = new Map<string, Audience>();

  constructor(options: RelayOptions, hear: (change: PresenceChange) => void) {
    this.#options = options;
    this.#hear = hear;
  }

  /** Somebody attends from here. @returns whether that is new. */
  attend(room: string, connection: string): boolean {
    let audience = this.#audiences.get(room);
    if (!audience) {
      audience = { connections: new Set(), listening: this.#listen(room) };
      this.#audiences.set(room, audience);
    }
    const isNew = !audience.connections.has(connection);
    audience.connections.add(connection);
    return isNew;
  }

  attends(room: string, connection: string): boolean {
    return this.#audiences.get(room)?.connections.has(connection) ?? false;
  }

  /** Resolves when nothing that is told of the room from then on is missed, unless Redis is out. */
  async listening(room: string): Promise<void> {
    await this.#audiences.get(room)?.listening;
  }

  leave(room: string, connection: string): void {
    const audience = this.#audiences.get(room);
    if (!audience?.connections.delete(connection) || audience.connections.size > 0) return;
    this.#audiences.delete(room);
    void audience.listening.then((stop) => stop?.());
  }

  /** Listens where it could not before. */
  async restore(): Promise<void> {
    for (const [room, audience] of this.#audiences) {
      if (await audience.listening) continue;
      if (this.#audiences.get(room) === audience) audience.listening = this.#listen(room);
    }
  }

  /** To all of them; with Redis out at least to this one. */
  async tell(change: PresenceChange): Promise<void> {
    const { link } = this.#options;
    try {
      await link.publish(this.#channelOf(change.room), JSON.stringify({ protocol: 1, ...change }));
    } catch {
      this.#hear(change);
    }
  }

  close(): void {
    for (const { listening } of this.#audiences.values()) void listening.then((stop) => stop?.());
    this.#audiences.clear();
  }

  #channelOf(room: string): string {
    return this.#options.link.keys(room)("presence", "told", room);
  }

  async #listen(room: string): Promise<(() => void) | undefined> {
    const { link, logger } = this.#options;
    try {
      return await link.subscribe(this.#channelOf(room), (payload) => {
        const change = changeSchema.safeParse(JSON.parse(payload.toString()));
        if (change.success) this.#hear(change.data);
        else logger.debug({ room }, "a change of presence that nobody here understands");
      });
    } catch {
      return undefined;
    }
  }
}
