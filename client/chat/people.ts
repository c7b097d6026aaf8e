import type { z } from "zod";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Member as MemberSchema } from "../../src/protocol/fields.ts";
import type { Payload } from "../../src/protocol/contract.ts";
import { after } from "../clock.ts";
import { single } from "../single.ts";
import type { RoomSnapshot } from "./room.ts";

/** Somebody who attends a room, on however many devices. */
export type Member = z.output<typeof MemberSchema>;

/** Who attends, as a join or `room:members` tells. */
export interface Presence {
  readonly version: number;
  readonly members: readonly Member[];
  readonly memberCount: number;
}

/** Those who are in a room. Nothing here is of oneself but one's own attendance. */
export interface People {
  /** What a room shows of them. */
  readonly now: Pick<RoomSnapshot, "members" | "memberCount" | "typing" | "markers">;
  /** What a join tells counts, whatever was known before. */
  joined(presence: Presence): void;
  /** Reads again who attends: something may have been missed. Where that fails, the next change or join mends it. */
  refresh(): Promise<void>;
  came(change: Payload<typeof chat, "presence:changed">): void;
  typed(user: string, typing: boolean): void;
  marked(user: string, seq: number): void;
  /** The log begins anew: what was read of it says nothing. */
  lost(): void;
  /** Nobody is heard of for now. */
  stop(): void;
}

/** Above it, the server tells the count alone. */
const LARGE_ROOM = 200;

/** The server says so after as long; it cannot where it is gone. */
const TYPING_MS = 15_000;

/** Of more people nobody is shown who has read what; those not heard of for longest go first. */
const MOST_MARKERS = 1_000;

/** `ask`: who attends now. */
export function createPeople(ask: () => Promise<Presence>, changed: () => void): People {
  let now: People["now"] = { members: [], memberCount: 0, typing: [], markers: new Map() };
  const typists = new Map<string, () => void>();
  /** Before a join has told who is there, nothing is newer. */
  let version = Infinity;

  function update(change: Partial<People["now"]>): void {
    now = { ...now, ...change };
    changed();
  }

  function joined(presence: Presence): void {
    version = presence.version;
    update({ members: presence.members.toSorted(byName), memberCount: presence.memberCount });
  }

  const refresh = single(() =>
    ask().then(
      (presence) => {
        if (presence.version >= version) joined(presence);
      },
      () => {},
    ),
  );

  function typed(user: string, isTyping: boolean): void {
    const callOff = typists.get(user);
    callOff?.();
    if (isTyping)
      typists.set(
        user,
        after(TYPING_MS, () => typed(user, false)),
      );
    else typists.delete(user);
    if (isTyping !== Boolean(callOff)) update({ typing: [...typists.keys()] });
  }

  return {
    get now() {
      return now;
    },
    joined,
    refresh,
    came({ memberCount, ...change }) {
      if (change.version < version) return;
      const wasLarge = now.memberCount > LARGE_ROOM;
      version = change.version;
      const members = new Map([...now.members, ...change.joined].map((member) => [member.id, member]));
      for (const { id } of change.left) members.delete(id);
      update({ members: [...members.values()].toSorted(byName), memberCount });
      // Versions have holes where nothing is missing, so it is the count that tells when something is.
      if (memberCount <= LARGE_ROOM && (wasLarge || members.size !== memberCount)) void refresh();
    },
    typed,
    marked(user, seq) {
      if (seq <= (now.markers.get(user) ?? 0)) return;
      const markers = new Map(now.markers);
      markers.delete(user);
      update({ markers: new Map([...markers, [user, seq] as const].slice(-MOST_MARKERS)) });
    },
    lost: () => update({ markers: new Map() }),
    stop() {
      for (const user of typists.keys()) typed(user, false);
    },
  };
}

function byName(one: Member, other: Member): number {
  return one.name.localeCompare(other.name) || (one.id < other.id ? -1 : 1);
}
