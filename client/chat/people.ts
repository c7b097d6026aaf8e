import type { z } from "zod";
import type { Clock } from "../../src/clock.ts";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Member as MemberSchema } from "../../src/protocol/fields.ts";
import type { Payload } from "../../src/protocol/contract.ts";
import { createLive } from "../live.ts";

export type Member = z.output<typeof MemberSchema>;

/** Who attends, as a join or `room:members` tells. */
export interface Presence {
  readonly version: number;
  readonly members: readonly Member[];
  readonly memberCount: number;
}

/** Those who are in a room: who attends, which others type, what they have read. Nothing here is of oneself but one's own attendance. */
export interface People {
  readonly memberCount: number;
  /** By name; the same array until something changes, as everything here. */
  members(): readonly Member[];
  typing(): readonly string[];
  markers(): ReadonlyMap<string, number>;
  /** What a join tells counts, whatever was known before. */
  joined(presence: Presence): void;
  /** Reads again who attends: something may have been missed. Where that fails, the next change or join mends it. */
  refresh(): void;
  came(change: Payload<typeof chat, "presence:changed">): void;
  typed(user: string, typing: boolean): void;
  marked(user: string, seq: number): void;
  /** The log begins anew: what was read of it says nothing. */
  forgetMarkers(): void;
  /** Nobody is heard of for now. */
  stop(): void;
}

export interface PeopleOptions {
  readonly clock: Clock;
  /** Asks who attends now. */
  ask(): Promise<Presence>;
  changed(): void;
}

/** Above it, the server tells the count alone. */
const LARGE_ROOM = 200;

/** The server says so after as long; it cannot where it is gone. */
const TYPING_MS = 15_000;

/** Of more people nobody is shown who has read what; those not heard of for longest go first. */
const MOST_MARKERS = 1_000;

export function createPeople({ clock, ask, changed }: PeopleOptions): People {
  const attending = new Map<string, Member>();
  const typists = new Map<string, () => void>();
  const read = new Map<string, number>();
  let version: number | undefined;
  let memberCount = 0;
  let isAsking = false;
  let isCut = false;
  const members = createLive(() => [...attending.values()].toSorted(byName));
  const typing = createLive(() => [...typists.keys()]);
  const markers = createLive(() => new Map(read));

  /** Versions have holes where nothing is missing, so it is the count that tells when something is. */
  const fits = () => memberCount > LARGE_ROOM || attending.size === memberCount;

  function show(presence: Presence): void {
    attending.clear();
    for (const member of presence.members) attending.set(member.id, member);
    ({ version, memberCount } = presence);
    // As many as were to be had: a reply is cut where it would be too large.
    isCut = !fits();
    members.changed();
    changed();
  }

  async function refresh(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    const presence = await ask().catch(() => undefined);
    isAsking = false;
    if (presence && version !== undefined && presence.version >= version) show(presence);
  }

  function typed(user: string, isTyping: boolean): void {
    const callOff = typists.get(user);
    callOff?.();
    if (isTyping)
      typists.set(
        user,
        clock.after(TYPING_MS, () => typed(user, false)),
      );
    else typists.delete(user);
    if (isTyping === (callOff !== undefined)) return;
    typing.changed();
    changed();
  }

  return {
    get memberCount() {
      return memberCount;
    },
    members: members.getSnapshot,
    typing: typing.getSnapshot,
    markers: markers.getSnapshot,
    joined: show,
    refresh: () => void refresh(),
    came(change) {
      if (version === undefined || change.version < version) return;
      const wasLarge = memberCount > LARGE_ROOM;
      ({ version, memberCount } = change);
      for (const member of change.joined) attending.set(member.id, member);
      for (const { id } of change.left) attending.delete(id);
      members.changed();
      changed();
      if (wasLarge ? memberCount <= LARGE_ROOM : !fits() && !isCut) void refresh();
    },
    typed,
    marked(user, seq) {
      if (seq <= (read.get(user) ?? 0)) return;
      read.delete(user);
      read.set(user, seq);
      for (const [oldest] of read) {
        if (read.size <= MOST_MARKERS) break;
        read.delete(oldest);
      }
      markers.changed();
      changed();
    },
    forgetMarkers() {
      read.clear();
      markers.changed();
    },
    stop() {
      for (const user of typists.keys()) typed(user, false);
    },
  };
}

function byName(one: Member, other: Member): number {
  return one.name.localeCompare(other.name) || (one.id < other.id ? -1 : 1);
}
