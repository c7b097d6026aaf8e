import { pause } from "../../clock.ts";
import { type ChatContext, type ChatNamespace, LARGE_ROOM } from "./context.ts";
import { userRoom } from "../../runtime/caller.ts";

/** Tells members who do not attend that a room has changed. */
export type ChangeNotice = (room: string, head: number, lastAt: number) => void;

/** At most once so often a room, over all workers: the first change at once, later ones gathered. */
const PACE_MS = 1_000;

interface Change {
  readonly head: number;
  readonly lastAt: number;
}

export function createChangeNotice(
  { clock, rooms, presence, throttle, logger }: ChatContext,
  namespace: ChatNamespace,
): ChangeNotice {
  /** The newest change of each room that is still to be told; while it is here, somebody sees to it. */
  const pending = new Map<string, Change>();

  async function tell(room: string, { head, lastAt }: Change): Promise<void> {
    const members = await rooms.members(room, LARGE_ROOM);
    if (!members) return;
    const absent = await presence.absent(room, members);
    // Socket.IO takes an empty list of rooms for everybody.
    if (absent.length > 0) namespace.to(absent.map(userRoom)).emit("room:changed", { room, head, lastAt });
  }

  async function seeTo(room: string): Promise<void> {
    try {
      for (let change = pending.get(room); change; change = pending.get(room)) {
        const waitMs = await throttle.take(room, change.lastAt, PACE_MS);
        if (waitMs) await pause(clock, waitMs);
        else {
          if (waitMs === 0) await tell(room, change);
          if (pending.get(room) === change) pending.delete(room);
        }
      }
    } catch (error) {
      // It may be lost: whoever looks into the room sees what has changed.
      pending.delete(room);
      logger.warn({ err: error }, "members could not be told of a change");
    }
  }

  return (room, head, lastAt) => {
    const isSeenTo = pending.has(room);
    pending.set(room, { head, lastAt });
    if (!isSeenTo) void seeTo(room);
  };
}
