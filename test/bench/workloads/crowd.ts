import type { LoadClient, Timetable } from "../load.ts";
import { type Stage, TEXT_BYTES } from "./workload.ts";

export interface CrowdOptions {
  readonly rooms: number;
  /** Members of each room; everybody is in one room. */
  readonly size: number;
  /** Which of the peer's targets the so-and-so-many-th member of a room connects to; the first, without it. */
  target?(member: number): number;
}

/** Clients, and who is in which room. */
export interface Crowd {
  readonly clients: readonly LoadClient[];
  readonly rooms: readonly string[];
  /** For each of `rooms`: indexes of its members in `clients`. */
  readonly members: readonly (readonly number[])[];
}

/** Rooms of one size, each with members of its own. */
export async function crowd(stage: Stage, { rooms, size, target = () => 0 }: CrowdOptions): Promise<Crowd> {
  const names = Array.from({ length: rooms }, (_, index) => `room-${index}`);
  const members = names.map((_, index) => Array.from({ length: size }, (_each, member) => index * size + member));
  const clients = names.flatMap((room, index) =>
    Array.from({ length: size }, (_, member) => stage.client(`user-${index * size + member}`, [room], target(member))),
  );
  return { clients: await Promise.all(clients), rooms: names, members };
}

/** Everybody hears; the first `senders` of each room send, so many at once. */
export function timetable(
  { rooms, members }: Crowd,
  {
    burst = 1,
    senders = 8,
    turnsPerSec,
    seconds,
  }: { burst?: number; senders?: number; turnsPerSec: number; seconds: number },
): Timetable {
  return {
    burst,
    turnsPerSec,
    seconds,
    rooms,
    senders: members.map((all) => all.slice(0, senders)),
    listeners: members.map(({ length }) => length),
    textBytes: TEXT_BYTES,
  };
}
