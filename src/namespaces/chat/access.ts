import { andThen, isThenable } from "../../and-then.ts";
import { CarillonError } from "../../protocol/errors.ts";
import type { User } from "../../runtime/caller.ts";
import { within } from "../../deadline.ts";
import { isDirect } from "../../rooms/index.ts";
import type { Authorize, ChatContext, RoomAction } from "./context.ts";

const AUTHORIZE_DEADLINE_MS = 5_000;

type Refusal = CarillonError | undefined;

/** Who may do what in which room. Asked at every request, by user and room, never by socket. */
export interface Access {
  /**
   * What stands against it, if anything does: at once, unless somebody has to be asked. Sanctions are looked up last, in the turn in
   * which it is known.
   */
  refusal(user: User, action: RoomAction, room: string): Refusal | Promise<Refusal>;
  /** @throws CarillonError `forbidden`, `banned`, `muted`, or what an `authorize` hook says. */
  require(user: User, action: RoomAction, room: string): void | Promise<void>;
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
  function allows(user: User, action: RoomAction, room: string): boolean | Promise<boolean> {
    if (isDirect(room)) return allowsInDirect(user, action, room);
    // A service is at every door but those of two people, and moderates where it is a moderator as well.
    if (user.roles.includes("service")) return action !== "moderate" || isModerator(user);
    if (authorize) return ask(authorize, user, action, room);
    if (action === "moderate") return isModerator(user);
    if (roomAccess === "open" || user.rooms.some((pattern) => matches(pattern, room))) return true;
    return rooms.isMember(room, user.id);
  }

  async function allowsInDirect(user: User, action: RoomAction, room: string): Promise<boolean> {
    const pair = await rooms.pair(room);
    // Nobody makes one up, whoever lets them: direct rooms come from `room:direct` alone.
    if (!pair) return false;
    if (authorize) return ask(authorize, user, action, room);
    return pair.includes(user.id) && (action !== "moderate" || isModerator(user));
  }

  async function ask(hook: Authorize, user: User, action: RoomAction, room: string): Promise<boolean> {
    try {
      // A hook in plain JavaScript may give anything back; what is not `true` is no.
      const allowed: unknown = await within(clock, AUTHORIZE_DEADLINE_MS, () => hook({ user, action, room }));
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

  function refusal(user: User, action: RoomAction, room: string): Refusal | Promise<Refusal> {
    const allowed = allows(user, action, room);
    const judge = (isAllowed: boolean) =>
      sanction(user, action, room) ?? (isAllowed ? undefined : new CarillonError("forbidden"));
    return isThenable(allowed)
      ? allowed.then(judge).catch((thrown: unknown) => CarillonError.from(thrown))
      : judge(allowed);
  }

  return {
    refusal,
    require: (user, action, room) =>
      andThen(refusal(user, action, room), (refused) => {
        if (refused) throw refused;
      }),
  };
}

const isModerator = ({ roles }: User) => roles.includes("moderator");
