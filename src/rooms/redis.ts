import type { Client } from "../redis/clients.ts";
import type { RedisLink } from "../redis/link.ts";
import { readScript } from "../redis/script.ts";
import { directId } from "./direct.ts";
import type { IdPage, Marker, PageRequest, Rooms } from "./index.ts";

const MOVE_MARKER = readScript(import.meta.url, "lua/move-marker.lua");

/** How many rooms a worker remembers as listed, and how many pairs: those in use, at about 100 bytes each. */
const REMEMBERED = 20_000;

export interface RedisRoomsOptions {
  readonly link: RedisLink;
  /**
   * How long entries of rooms' logs stay, in seconds. A marker that has not moved for so long has nothing behind it in the log any
   * more, so that it counts as unread what no marker would: it goes too. A room that guests pass through would else keep them all.
   */
  readonly ttlSec: number;
}

/**
 * Rooms, members and markers in Redis, in sorted sets of one score: their order is the ids' own, and small ones are compact.
 *
 * A user's rooms lie in the user's slot and are what counts: rights and `roomsOf` cannot contradict each other. A room's members, whom
 * only notices are for, lie in the room's slot, and follow: they are written first where somebody is added, and last where somebody is
 * removed. A failure in the middle leaves a name too many there, never a right that was to end nor a member whom nobody tells; doing the
 * same again mends it. (Two workers that add and remove the same user in one instant may leave a name too few, until the next join.)
 *
 * All listed rooms are in one set: a page of it is one command, and as each worker lists a room once, one slot carries that easily.
 * Listed rooms and memberships stay. Each method takes one round trip, none where it says so; on a Redis Cluster, `addMember` and
 * `removeMember` take two and `openDirect` three. It lives as long as its link.
 */
export function redisRooms({ link, ttlSec }: RedisRoomsOptions): Rooms {
  const list = link.keys("rooms")("rooms");
  const membersKey = (room: string) => link.keys(room)("members", room);
  const roomsKey = (user: string) => link.keys(user)("rooms-of", user);
  const pairKey = (room: string) => link.keys(room)("pair", room);
  /** With the user, so that the readers of a large room are spread. The user comes last: only a user id may hold a colon. */
  const markerKey = (room: string, user: string) => link.keys(user)("marker", room, user);

  const listed = new Remembered<true>(link);
  const pairs = new Remembered<readonly [string, string]>(link);

  async function page(key: string, { after, limit }: PageRequest): Promise<IdPage> {
    const from = after === undefined ? "-" : `(${after}`;
    const found = await link.run((client) => client.zrange(key, from, "+", "BYLEX", "LIMIT", 0, limit + 1));
    const ids = found.slice(0, limit);
    const last = ids.at(-1);
    return found.length > limit && last !== undefined ? { ids, next: last } : { ids };
  }

  return {
    /** No round trip for a room that this worker has listed lately: it is called for every message. */
    async list(room) {
      await listed.get(room, async () => {
        await link.run((client) => client.zadd(list, 0, room));
        return true;
      });
    },
    listed: (request) => page(list, request),
    addMember: (room, user) =>
      inOrder(
        link,
        (client) => client.zadd(membersKey(room), 0, user),
        (client) => client.zadd(roomsKey(user), 0, room),
      ),
    removeMember: (room, user) =>
      inOrder(
        link,
        (client) => client.zrem(roomsKey(user), room),
        (client) => client.zrem(membersKey(room), user),
      ),
    isMember: async (room, user) => (await link.run((client) => client.zscore(roomsKey(user), room))) !== null,
    async members(room, most) {
      const members = await link.run((client) => client.zrange(membersKey(room), 0, String(most)));
      return members.length > most ? undefined : members;
    },
    roomsOf: (user, request) => page(roomsKey(user), request),
    async openDirect(a, b) {
      const room = directId(a, b);
      let made = false;
      await inOrder(
        link,
        (client) => client.zadd(membersKey(room), 0, a, 0, b),
        (client) => Promise.all([a, b].map((user) => client.zadd(roomsKey(user), 0, room))),
        // Last: until it is there nobody may enter, and whoever is told that it was made finds all of it.
        async (client) => (made = (await client.set(pairKey(room), `${a} ${b}`, "NX")) !== null),
      );
      return { room, made };
    },
    /** No round trip for a direct room that this worker has looked up lately: a pair never changes. */
    pair: (room) =>
      pairs.get(room, async () => {
        const stored = await link.run((client) => client.get(pairKey(room)));
        const [a, b] = stored?.split(" ") ?? [];
        return a !== undefined && b !== undefined ? [a, b] : undefined;
      }),
    async marker(room, user) {
      const stored = await link.run((client) => client.get(markerKey(room, user)));
      return stored === null ? undefined : parseMarker(stored);
    },
    async moveMarker(room, user, { epoch, seq }) {
      return parseMarker((await link.script(MOVE_MARKER, [markerKey(room, user)], [epoch, seq, ttlSec])) as string);
    },
  };
}

function parseMarker(stored: string): Marker {
  const space = stored.indexOf(" ");
  return { epoch: stored.slice(space + 1), seq: Number(stored.slice(0, space)) };
}

/**
 * Carries out steps of which none may have been done without those before it. One server does what comes over one connection in its
 * order, so they go together. A Cluster's masters fail one by one: there each step waits for the one before.
 */
async function inOrder(link: RedisLink, ...steps: readonly ((client: Client) => Promise<unknown>)[]): Promise<void> {
  if (link.mode !== "cluster") return void (await link.run((client) => Promise.all(steps.map((step) => step(client)))));
  for (const step of steps) await link.run(step);
}

/** What this worker knows to be stored, the oldest forgotten first, and all of it when what was stored may be gone. */
class Remembered<V> {
  readonly #values = new Map<string, V>();
  #generation = 0;

  constructor(link: RedisLink) {
    link.onGap(() => {
      this.#generation++;
      this.#values.clear();
    });
  }

  async get(key: string, look: () => Promise<V | undefined>): Promise<V | undefined> {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const generation = this.#generation;
    const found = await look();
    // What was seen before a loss is not there after it.
    if (found === undefined || generation !== this.#generation) return found;
    const [oldest] = this.#values.keys();
    if (this.#values.size >= REMEMBERED && oldest !== undefined) this.#values.delete(oldest);
    this.#values.set(key, found);
    return found;
  }
}
