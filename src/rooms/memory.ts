import { createHash } from "node:crypto";
import type { IdPage, Marker, PageRequest, Rooms } from "./index.ts";

/** Ids that can be read page by page while some come and go. */
function page(ids: Iterable<string>, { after = "", limit }: PageRequest): IdPage {
  const rest = [...ids].filter((id) => id > after).toSorted();
  const last = rest[limit - 1];
  return rest.length > limit && last !== undefined ? { ids: rest.slice(0, limit), next: last } : { ids: rest };
}

function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** The same for both, whoever asks; a hash, because two user ids do not fit into a room id. */
function directId(a: string, b: string): string {
  const [first, second] = a < b ? [a, b] : [b, a];
  return `dm-${createHash("sha256").update(`${first} ${second}`).digest("base64url").slice(0, 32)}`;
}

/** Rooms, members and markers in this process's memory. They are lost with it. */
export function memoryRooms(): Rooms {
  const known = new Set<string>();
  const membersOf = new Map<string, Set<string>>();
  const memberships = new Map<string, Set<string>>();
  const pairs = new Map<string, readonly [string, string]>();
  /** Room → user → marker. */
  const markers = new Map<string, Map<string, Marker>>();

  function add(room: string, user: string): void {
    entryOf(membersOf, room, () => new Set()).add(user);
    entryOf(memberships, user, () => new Set()).add(room);
  }

  return {
    list: async (room) => void known.add(room),
    listed: async (request) => page(known, request),
    addMember: async (room, user) => add(room, user),
    async removeMember(room, user) {
      membersOf.get(room)?.delete(user);
      memberships.get(user)?.delete(room);
    },
    isMember: async (room, user) => membersOf.get(room)?.has(user) ?? false,
    async members(room, most) {
      const members = membersOf.get(room);
      return members && members.size > most ? undefined : [...(members ?? [])];
    },
    roomsOf: async (user, request) => page(memberships.get(user) ?? [], request),
    async openDirect(a, b) {
      const room = directId(a, b);
      const made = !pairs.has(room);
      pairs.set(room, [a, b]);
      add(room, a);
      add(room, b);
      return { room, made };
    },
    pair: async (room) => pairs.get(room),
    marker: async (room, user) => markers.get(room)?.get(user),
    async moveMarker(room, user, to) {
      const ofRoom = entryOf(markers, room, () => new Map<string, Marker>());
      const now = ofRoom.get(user);
      if (now?.epoch === to.epoch && now.seq >= to.seq) return now;
      ofRoom.set(user, to);
      return to;
    },
  };
}
