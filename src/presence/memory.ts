import type { Clock } from "../clock.ts";
import { type Attending, GATHER_MS, GRACE_MS, type Member, type Presence, type PresenceChange } from "./index.ts";

/** Somebody in a room. Nearly always over one connection, which is there: a list of it takes a third of what a map does. */
class Attendee {
  member: Member;
  #connections: readonly string[] = [];
  /** Those of them that were dropped, with what calls off their end. */
  #dropped: Map<string, () => void> | undefined;

  constructor(member: Member) {
    this.member = member;
  }

  get connections(): readonly string[] {
    return this.#connections;
  }

  /** Whether one of the connections is not just counted. */
  get isThere(): boolean {
    return this.#connections.length > (this.#dropped?.size ?? 0);
  }

  /** Another connection, or one that has come back: it takes the place of a dropped one. */
  connect(connection: string): void {
    const [firstDropped] = this.#dropped?.keys() ?? [];
    this.end(this.#connections.includes(connection) ? connection : firstDropped);
    this.#connections = this.#connections.concat(connection);
  }

  drop(connection: string, callOff: () => void): void {
    this.#dropped?.get(connection)?.();
    (this.#dropped ??= new Map()).set(connection, callOff);
  }

  /** @returns whether it was the last. */
  end(connection: string | undefined): boolean {
    if (connection === undefined || !this.#connections.includes(connection)) return false;
    this.#connections = this.#connections.filter((other) => other !== connection);
    this.#dropped?.get(connection)?.();
    this.#dropped?.delete(connection);
    return this.#connections.length === 0;
  }
}

interface Room {
  version: number;
  readonly attendees: Map<string, Attendee>;
  /** What happened since the last change was told. */
  readonly joined: Map<string, Member>;
  readonly left: Map<string, Member>;
  gathering: boolean;
}

/** Presence in this process's memory. */
export function memoryPresence({ clock }: { clock: Clock }): Presence {
  const rooms = new Map<string, Room>();
  const listeners = new Set<(change: PresenceChange) => void>();
  /** One for all rooms, from the clock on: so it never goes back, though empty rooms are forgotten, and all of them with the process. */
  let version = clock.now();

  function open(name: string): Room {
    let room = rooms.get(name);
    if (!room) {
      room = {
        version,
        attendees: new Map(),
        joined: new Map(),
        left: new Map(),
        gathering: false,
      };
      rooms.set(name, room);
    }
    return room;
  }

  function tell(name: string, room: Room): void {
    room.gathering = false;
    const { attendees, joined, left } = room;
    if (attendees.size === 0) rooms.delete(name);
    const change = {
      room: name,
      version: room.version,
      joined: [...joined.values()],
      left: [...left.values()],
      memberCount: attendees.size,
    };
    joined.clear();
    left.clear();
    for (const listener of listeners) listener(change);
  }

  /** Tells how it ends, also for who came and went meanwhile: somebody may have been shown the middle of it. */
  function note(name: string, room: Room, member: Member, now: Map<string, Member>, undone: Map<string, Member>): void {
    room.version = ++version;
    undone.delete(member.id);
    // Taken out first, so that it comes after all that was noted before.
    now.delete(member.id);
    now.set(member.id, member);
    if (room.gathering) return;
    room.gathering = true;
    clock.after(GATHER_MS, () => tell(name, room));
  }

  function end(name: string, user: string, connection: string): void {
    const room = rooms.get(name);
    const attendee = room?.attendees.get(user);
    if (!room || !attendee?.end(connection)) return;
    room.attendees.delete(user);
    note(name, room, attendee.member, room.left, room.joined);
  }

  function attending(name: string, most: number): Attending {
    const room = rooms.get(name);
    const members: Member[] = [];
    for (const { member } of room?.attendees.values() ?? []) {
      if (members.length >= most) break;
      members.push(member);
    }
    return { version: room?.version ?? version, members, memberCount: room?.attendees.size ?? 0 };
  }

  return {
    async enter(name, member, connection, most = 0) {
      const room = open(name);
      const attendee = room.attendees.get(member.id) ?? new Attendee(member);
      const isKnown = room.attendees.has(member.id) && attendee.member.name === member.name;
      attendee.connect(connection);
      if (!isKnown) {
        attendee.member = member;
        room.attendees.set(member.id, attendee);
        note(name, room, member, room.joined, room.left);
      }
      return attending(name, most);
    },

    async leave(name, user, connection, how) {
      if (how !== "dropped") return end(name, user, connection);
      const attendee = rooms.get(name)?.attendees.get(user);
      if (!attendee?.connections.includes(connection)) return;
      attendee.drop(
        connection,
        clock.after(GRACE_MS, () => end(name, user, connection)),
      );
    },

    async expel(name, user) {
      for (const connection of rooms.get(name)?.attendees.get(user)?.connections ?? []) end(name, user, connection);
    },

    attending: async (name, most) => attending(name, most),

    async absent(name, users) {
      const attendees = rooms.get(name)?.attendees;
      return users.filter((user) => !attendees?.get(user)?.isThere);
    },

    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
