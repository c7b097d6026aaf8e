import type { Clock } from "../clock.ts";
import { CarillonError } from "../protocol/errors.ts";
import { type Attendees, parseOwned, type Seen } from "./attendees.ts";

/** So many at a time, so that neither Redis nor this worker is held up by a large one that died. */
const BATCH = 200;

/** A member whose worker is dead, and who has this one now. */
export interface Adopted {
  readonly room: string;
  readonly user: string;
  readonly connection: string;
  readonly name: string;
  /** When its grace began, by this process's clock. */
  readonly droppedAt: number;
  readonly seen: Seen;
}

export interface AdoptionOptions {
  readonly attendees: Attendees;
  readonly clock: Clock;
  /** Whether the worker is still dead: what has come back takes care of its own. */
  isDead(worker: string): boolean;
  adopted(members: readonly Adopted[]): void;
  /** Tells a room in the dead worker's place. Resolves to whether that is done. */
  takeOver(room: string, from: string): Promise<boolean>;
  due(room: string): void;
}

/**
 * Takes over what a dead worker had, to the last of it. Several workers may do it at the same time: each member goes to one of them.
 * @throws CarillonError `unavailable`, also where the worker is back; what was taken over until then is this one's.
 */
export async function adoptFrom(dead: string, options: AdoptionOptions): Promise<void> {
  const { attendees, isDead } = options;
  const counts = await attendees.countOwned(dead);
  const partitions = counts.flatMap((count, partition) => (count > 0 ? [partition] : []));
  // Survivors begin at different ends, so as not to try for the same ones.
  const first = Math.floor(Math.random() * partitions.length);
  for (const partition of [...partitions.slice(first), ...partitions.slice(0, first)]) {
    for (;;) {
      // Not done, then: it is still in the registry, and looked at again if need be.
      if (!isDead(dead)) throw new CarillonError("unavailable");
      const some = await attendees.someOwned(dead, partition, BATCH);
      if (some.length === 0) break;
      await adoptSome(dead, some, options);
    }
  }
  await attendees.forget(dead);
}

async function adoptSome(dead: string, some: readonly string[], options: AdoptionOptions): Promise<void> {
  const rooms = new Map<string, { user: string; connection: string }[]>();
  const duties: string[] = [];
  for (const { room, user, connection } of some.map(parseOwned)) {
    if (user === undefined || connection === undefined) duties.push(room);
    else rooms.set(room, [...(rooms.get(room) ?? []), { user, connection }]);
  }
  await Promise.all([...rooms].map(([room, members]) => adoptInRoom(dead, room, members, options)));
  const done = await Promise.all(duties.map((room) => options.takeOver(room, dead)));
  if (done.includes(false)) throw new CarillonError("unavailable");
}

async function adoptInRoom(
  dead: string,
  room: string,
  members: readonly { user: string; connection: string }[],
  { attendees, clock, adopted, due }: AdoptionOptions,
): Promise<void> {
  const acts = members.map((member) => ({ act: "adopt", ...member, from: dead }) as const);
  const changed = await attendees.change(room, acts);
  if (changed.due) due(room);
  const now = clock.now();
  adopted(
    members.flatMap((member, place) => {
      const [, droppedMs, name = ""] = /^(\d+) ([^]*)$/.exec(changed.results[place] ?? "") ?? [];
      if (droppedMs === undefined) return [];
      return [{ room, ...member, name, droppedAt: now - Number(droppedMs), seen: changed.seen }];
    }),
  );
}
