import { CarillonError } from "../../protocol/errors.ts";
import type { User } from "../../runtime/caller.ts";
import { within } from "../../deadline.ts";
import { isDirect } from "../../rooms/index.ts";
import type { ChatContext, RoomAction } from "./context.ts";

const AUTHORIZE_DEADLINE_MS = 5_000;

/** The two people of a direct room. */
type Pair = readonly [string, string];

/** Who may do what in which room. Asked at every request, by user and room, never by socket. */
export interface Access {
  /** What stands against it, if anything does. Sanctions are looked up last, in the turn in which this resolves. */
  refusal(user: User, action: RoomAction, room: string): Promise<CarillonError | undefined>;
  /** @throws CarillonError `forbidden`, `banned`, `muted`, or what an `authorize` hook says. */
  require(user: User, action: RoomAction, room: string): Promise<void>;
}

/** `*` stands for any run of characters. */
export function matches(pattern: string, room: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === room;
  if (!room.startsWith(head)) return false;
  const tail = rest.pop() ?? "";
  let from = head.length;
  for (const part of rest) {
    const found = room.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return room.length - tail.length >= from && room.endsWith(tail);
}

export function createAccess({ clock, rooms, control, roomAccess, authorize }: ChatContext): Access {
  async function ownRule(user: User, action: RoomAction, room: string, pair: Pair | undefined): Promise<boolean> {
    if (pair && !pair.includes(user.id)) return false;
    if (action === "moderate") return user.roles.includes("moderator");
    if (pair || roomAccess === "open" || user.rooms.some((pattern) => matches(pattern, room))) return true;
    return rooms.isMember(room, user.id);
  }

  async function allows(user: User, action: RoomAction, room: string): Promise<boolean> {
    const pair = isDirect(room) ? await rooms.pair(room) : undefined;
    // Nobody makes one up, whoever lets them: direct rooms come from `room:direct` alone.
    if (isDirect(room) && !pair) return false;
    // A service is at every door but those of two people, and moderates where it is a moderator as well.
    if (user.roles.includes("service") && !pair) return action !== "moderate" || user.roles.includes("moderator");
    if (!authorize) return ownRule(user, action, room, pair);
    try {
      // A hook in plain JavaScript may give anything back; what is not `true` is no.
      const allowed: unknown = await within(clock, AUTHORIZE_DEADLINE_MS, () => authorize({ user, action, room }));
      return allowed === true;
    } catch (thrown) {
      // An embedder's own outage is the user's to try again, not a verdict.
      throw CarillonError.from(thrown, "unavailable");
    }
  }

  function sanction(user: User, action: RoomAction, room: string): CarillonError | undefined {
    const ban = control.ban(room, user.id);
    if (ban) return new CarillonError("banned", { details: { ...ban } });
    const mute = action === "send" ? control.mute(room, user.id) : undefined;
    return mute && new CarillonError("muted", { details: { ...mute } });
  }

  async function refusal(user: User, action: RoomAction, room: string): Promise<CarillonError | undefined> {
    const allowed = await allows(user, action, room).catch((thrown: unknown) => CarillonError.from(thrown));
    if (allowed instanceof CarillonError) return allowed;
    return allowed ? sanction(user, action, room) : (sanction(user, action, room) ?? new CarillonError("forbidden"));
  }

  return {
    refusal,
    async require(user, action, room) {
      const refused = await refusal(user, action, room);
      if (refused) throw refused;
    },
  };
}
