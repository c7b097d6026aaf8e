import type { Clock } from "../clock.ts";
import { GATHER_MS, GRACE_MS, type Member, type Presence, type PresenceChange } from "./index.ts";

interface Attendee {
  member: Member;
  /** Connection → what calls off its end, while it is dropped. */
  readonly connections: Map<string, (() => void) | undefined>;
}

interface Room {
  version: number;
  readonly attendees: Map<string, Attendee>;
  /** What happened since the last change was told. */
  readonly joined: Map<string, Member>;
  readonly left: Map<string, Member>;
  gathering: boolean;
}

/** Another connection of somebody who attends already. */
function connect({ connections }: Attendee, connection: string): void {
  const dropped = connections.has(connection)
    ? connection
    : [...connections.keys()].find((other) => connections.get(other));
  if (dropped !== undefined) {
    connections.get(dropped)?.();
    connections.delete(dropped);
  }
  connections.set(connection, undefined);
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
      room = { version, attendees: new Map(), joined: new Map(), left: new Map(), gathering: false };
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
    if (!room || !attendee?.connections.delete(connection) || attendee.connections.size > 0) return;
    room.attendees.delete(user);
    note(name, room, attendee.member, room.left, room.joined);
  }

  return {
    async enter(name, member, connection) {
      const room = open(name);
      const attendee = room.attendees.get(member.id) ?? { member, connections: new Map() };
      const isKnown = room.attendees.has(member.id) && attendee.member.name === member.name;
      connect(attendee, connection);
      if (isKnown) return;
      attendee.member = member;
      room.attendees.set(member.id, attendee);
      note(name, room, member, room.joined, room.left);
    },

    async leave(name, user, connection, how) {
      const connections = rooms.get(name)?.attendees.get(user)?.connections;
      if (!connections?.has(connection)) return;
      connections.get(connection)?.();
      if (how !== "dropped") return end(name, user, connection);
      connections.set(
        connection,
        clock.after(GRACE_MS, () => end(name, user, connection)),
      );
    },

    async expel(name, user) {
      const connections = rooms.get(name)?.attendees.get(user)?.connections;
      for (const [connection, callOff] of connections ?? []) {
        callOff?.();
        end(name, user, connection);
      }
    },

    async attending(name, most) {
      const room = rooms.get(name);
      const members: Member[] = [];
      for (const { member } of room?.attendees.values() ?? []) {
        if (members.length >= most) break;
        members.push(member);
      }
      return { version: room?.version ?? version, members, memberCount: room?.attendees.size ?? 0 };
    },

    async among(name, users) {
      const attendees = rooms.get(name)?.attendees;
      const isThere = (user: string) => [...(attendees?.get(user)?.connections.values() ?? [])].includes(undefined);
      return new Set(users.filter(isThere));
    },

    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
