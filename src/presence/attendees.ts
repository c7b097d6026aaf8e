import type { RedisLink } from "../redis/link.ts";
import { PARTITIONS, tagOf } from "../redis/partition.ts";
import { readScript, whole } from "../redis/script.ts";
import { type Attending, GATHER_MS, type Member, type PresenceChange } from "./index.ts";
import { KnownMembers } from "./known-members.ts";

const CHANGE = readScript(import.meta.url, "lua/members.lua", "lua/change.lua");
const TAKE = readScript(import.meta.url, "lua/take.lua");
const ATTENDING = readScript(import.meta.url, "lua/members.lua", "lua/attending.lua");

/** How long the version of an empty room stays, and what nobody came to tell. Afterwards versions go on from the time. */
const KEEP_MS = 3_600_000;

/** How long whoever took a change may ask for it again. */
const TAKEN_MS = 30_000;

/** How far a room had come when a worker last saw it: `born` is another one after a loss. */
export interface Seen {
  readonly version: string;
  readonly born: string;
}

interface About {
  readonly user: string;
  readonly connection: string;
  readonly name: string;
  readonly seen?: Seen | undefined;
}

/** What happens to one connection; `lua/change.lua` says what each of them does. */
export type Act =
  | ({ readonly act: "enter" } & About)
  | ({ readonly act: "register" | "keep" | "drop"; readonly droppedMs: number } & About)
  | ({ readonly act: "leave"; readonly late: boolean } & About)
  | ({ readonly act: "stop" } & About)
  | { readonly act: "expel"; readonly user: string }
  | { readonly act: "adopt"; readonly user: string; readonly connection: string; readonly from: string };

export interface Changed {
  readonly seen: Seen;
  /** Whether this worker is to tell the room, once changes were gathered. */
  readonly due: boolean;
  /** Who attends then. */
  readonly attending: Attending;
  /** What became of each act. */
  readonly results: readonly string[];
}

/** A connection that a worker answers for, as it stands in that worker's set; without `user`, a room that it is to tell. */
export interface Owned {
  readonly room: string;
  readonly user?: string;
  readonly connection?: string;
}

/** Who attends which room, as it is kept in Redis: one step each, seen by one worker. */
export interface Attendees {
  change(room: string, acts: readonly Act[], most?: number): Promise<Changed>;
  /** Takes what was gathered of a room: by the same `name` the same again. `from` is who was to tell it. */
  take(room: string, name: string, from: string): Promise<PresenceChange | undefined>;
  attending(room: string, most: number): Promise<Attending>;
  absent(room: string, users: readonly string[]): Promise<readonly string[]>;
  /** How far rooms have come; absent where nothing is known of one. */
  seen(rooms: readonly string[]): Promise<readonly (Seen | undefined)[]>;
  /** What each partition's set of a worker holds. */
  owned(worker: string): Promise<ReadonlySet<string>>;
  /** How much it is, by partition. */
  countOwned(worker: string): Promise<readonly number[]>;
  /** Some of one partition's, none if there is nothing left. */
  someOwned(worker: string, partition: number, most: number): Promise<readonly string[]>;
  /** All workers that have or had something, dead ones too. */
  owners(): Promise<ReadonlySet<string>>;
  /** A worker has nothing any more. */
  forget(worker: string): Promise<void>;
}

export interface AttendeesOptions {
  readonly link: RedisLink;
  /** Whose changes they are. */
  readonly worker: string;
  /** How far time has moved on for a test, in ms. */
  readonly skewMs: () => number;
}

export function redisAttendees({ link, worker, skewMs }: AttendeesOptions): Attendees {
  const inPartition = (partition: number, ...parts: string[]) =>
    [link.prefix, tagOf(partition), "presence", ...parts].join(":");
  const lists = new KnownMembers();

  return {
    async change(room, acts, most = 0) {
      const key = link.keys(room);
      const keys = [
        key("presence", "room", room),
        key("presence", "version", room),
        key("presence", "pending", room),
        key("presence", "of", ""),
        key("presence", "workers"),
        key("presence", "given-up", room),
      ];
      const known = lists.of(room, most);
      const about = [skewMs(), GATHER_MS, KEEP_MS, worker, room, whole(most), known?.state ?? ""];
      const args = [...about, ...acts.flatMap(argsOf)];
      const reply = (await link.script(CHANGE, keys, args)) as [string, string, number, ...Found, ...string[]];
      const [version, born, due, shown, memberCount, text, ...results] = reply;
      const state = `${version} ${born}`;
      const members = known?.state === state ? known.members : membersIn(text);
      if (most > 0 && members !== known?.members) lists.put(room, { state, most, members });
      const attending = { version: Number(shown), members, memberCount };
      return { seen: { version, born }, due: due === 1, attending, results };
    },

    async take(room, name, from) {
      const key = link.keys(room);
      const keys = [
        key("presence", "pending", room),
        key("presence", "taken", worker, room),
        key("presence", "version", room),
        key("presence", "room", room),
        key("presence", "of", from),
      ];
      return changeOf(room, (await link.script(TAKE, keys, [name, TAKEN_MS, room])) as string[]);
    },

    async attending(room, most) {
      const key = link.keys(room);
      const keys = [key("presence", "room", room), key("presence", "version", room)];
      const found = (await link.script(ATTENDING, keys, [skewMs(), whole(most)])) as Found;
      const [version, memberCount, text] = found;
      return { version: Number(version), members: membersIn(text), memberCount };
    },

    async absent(room, users) {
      if (users.length === 0) return [];
      const found = await link.run((client) => client.hmget(link.keys(room)("presence", "room", room), ...users));
      return users.filter((_, place) => !isConnected(found[place] ?? ""));
    },

    seen: (rooms) =>
      link.run(async (client) => {
        const found = await Promise.all(rooms.map((room) => client.get(link.keys(room)("presence", "version", room))));
        return found.map((text) => {
          const [version, born] = text?.split(" ") ?? [];
          return version === undefined || born === undefined ? undefined : { version, born };
        });
      }),
    owned: (owner) =>
      link.run(async (client) => {
        const sets = await inAll((partition) => client.smembers(inPartition(partition, "of", owner)));
        return new Set(sets.flat());
      }),
    countOwned: (owner) =>
      link.run((client) => inAll((partition) => client.scard(inPartition(partition, "of", owner)))),
    someOwned: (owner, partition, most) =>
      link.run((client) => client.srandmember(inPartition(partition, "of", owner), most)),
    owners: () =>
      link.run(async (client) => {
        const sets = await inAll((partition) => client.smembers(inPartition(partition, "workers")));
        return new Set(sets.flat());
      }),
    async forget(owner) {
      await link.run((client) => inAll((partition) => client.srem(inPartition(partition, "workers"), owner)));
    },
  };
}

const inAll = <T>(ask: (partition: number) => Promise<T>) =>
  Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => ask(partition)));

/** How a connection stands in its worker's set. Only a connection's id may hold a space. */
export const ownedAs = (room: string, user: string, connection: string) => `${room} ${user} ${connection}`;

export function parseOwned(text: string): Owned {
  const [, room = text, user, connection] = /^(\S+) (\S+) (.*)$/.exec(text) ?? [];
  return { room, ...(user !== undefined && { user }), ...(connection !== undefined && { connection }) };
}

function argsOf(act: Act): (string | number)[] {
  if (act.act === "expel") return [act.act, act.user, "", "", "", "-", 0];
  if (act.act === "adopt") return [act.act, act.user, act.connection, act.from, "", "-", 0];
  const { user, connection, name, seen = { born: "-", version: "0" } } = act;
  const extra = act.act === "leave" ? Number(act.late) : "droppedMs" in act ? Math.round(act.droppedMs) : "";
  return [act.act, user, connection, name, extra, seen.born, seen.version];
}

/** What `lua/members.lua` finds. */
type Found = [version: string, count: number, members: string];

const membersIn = (text: string): Member[] => pairsOf(JSON.parse(text) as string[]).map(([id, name]) => ({ id, name }));

function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let place = 0; place + 1 < flat.length; place += 2) pairs.push([flat[place] ?? "", flat[place + 1] ?? ""]);
  return pairs;
}

/** What was noted, in the order in which it came: `<version>+<name>` or `<version>-<name>` each. */
function changeOf(room: string, flat: readonly string[]): PresenceChange | undefined {
  const pairs = pairsOf(flat);
  const [, version, count] = pairs.find(([user]) => user === "")?.[1].split(" ") ?? [];
  if (version === undefined) return undefined;
  const noted = pairs.flatMap(([id, text]) => {
    const [, at = "", sign, name = ""] = /^(\d+)([+-])([^]*)$/.exec(text) ?? [];
    return sign === undefined || id === "" ? [] : [{ at: Number(at), sign, member: { id, name } }];
  });
  noted.sort((one, other) => one.at - other.at);
  const signed = (wanted: string) => noted.filter(({ sign }) => sign === wanted).map(({ member }) => member);
  return { room, version: Number(version), joined: signed("+"), left: signed("-"), memberCount: Number(count) };
}

/** Whether one of an attendee's connections is there: it went at 0, which is never. */
function isConnected(attendee: string): boolean {
  return / 0$/m.test(attendee.slice(0, attendee.indexOf("\n\n")));
}
