import { directId } from "./direct.ts";
import type { Marker, Rooms } from "./index.ts";
import { OrderedIds } from "./ordered.ts";

function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** Takes something out of a set of a map, and the set too when it was the last: whoever comes and goes leaves nothing behind. */
function takeOut(map: Map<string, { delete(id: string): unknown; readonly size: number }>, key: string, id: string) {
  const set = map.get(key);
  set?.delete(id);
  if (set?.size === 0) map.delete(key);
}

/** Rooms, members and markers in this process's memory. They are lost with it. */
export function memoryRooms(): Rooms {
  const known = new OrderedIds();
  const membersOf = new Map<string, Set<string>>();
  const memberships = new Map<string, OrderedIds>();
  const pairs = new Map<string, readonly [string, string]>();
  /** Room → user → marker. */
  const markers = new Map<string, Map<string, Marker>>();

  function add(room: string, user: string): void {
    entryOf(membersOf, room, () => new Set<string>()).add(user);
    entryOf(memberships, user, () => new OrderedIds()).add(room);
  }

  return {
    list: async (room) => known.add(room),
    listed: async (request) => known.page(request),
    addMember: async (room, user) => add(room, user),
    async removeMember(room, user) {
      takeOut(membersOf, room, user);
      takeOut(memberships, user, room);
    },
    isMember: async (room, user) => membersOf.get(room)?.has(user) ?? false,
    async members(room, most) {
      const members = membersOf.get(room);
      return members && members.size > most ? undefined : [...(members ?? [])];
    },
    roomsOf: async (user, request) => memberships.get(user)?.page(request) ?? { ids: [] },
    async openDirect(a, b) {
      const room = directId(a, b);
      const made = !pairs.has(room);
      if (made) pairs.set(room, [a, b]);
      add(room, a);
      add(room, b);
      return { room, made };
    },
    pair: async (room) => pairs.get(room),
    marker: async (room, user) => markers.get(room)?.get(user),
    async moveMarker(room, user, to) {
      const now = markers.get(room)?.get(user);
      if (now?.epoch === to.epoch && now.seq >= to.seq) return now;
      // Where everybody begins: it is not kept, lest every room that somebody asks about takes room here.
      if (!now && to.seq === 0) return to;
      entryOf(markers, room, () => new Map<string, Marker>()).set(user, to);
      return to;
    },
  };
}
