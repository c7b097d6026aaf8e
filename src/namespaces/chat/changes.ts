import { type ChatContext, type ChatNamespace, LARGE_ROOM } from "./context.ts";
import { userRoom } from "../../runtime/caller.ts";

/** Tells members who do not attend that a room has changed. */
export type ChangeNotice = (room: string, head: number, lastAt: number) => void;

/** At most once so often a room: the first change at once, later ones gathered. */
const PACE_MS = 1_000;

export function createChangeNotice(
  { clock, rooms, presence, logger }: ChatContext,
  namespace: ChatNamespace,
): ChangeNotice {
  /** Rooms that were told of within the last `PACE_MS`, and what is to be told after it. */
  const pacing = new Map<string, { head: number; lastAt: number } | undefined>();

  async function tell(room: string, head: number, lastAt: number): Promise<void> {
    const members = await rooms.members(room, LARGE_ROOM);
    if (!members) return;
    const attending = await presence.among(room, members);
    const others = members.filter((user) => !attending.has(user)).map(userRoom);
    // Socket.IO takes an empty list of rooms for everybody.
    if (others.length > 0) namespace.to(others).emit("room:changed", { room, head, lastAt });
  }

  const changed: ChangeNotice = (room, head, lastAt) => {
    if (pacing.has(room)) return void pacing.set(room, { head, lastAt });
    pacing.set(room, undefined);
    clock.after(PACE_MS, () => {
      const next = pacing.get(room);
      pacing.delete(room);
      if (next) changed(room, next.head, next.lastAt);
    });
    tell(room, head, lastAt).catch((error: unknown) =>
      logger.warn({ err: error }, "members could not be told of a change"),
    );
  };
  return changed;
}
