import type { Order } from "../../control/index.ts";
import { CarillonError } from "../../protocol/errors.ts";
import { isDirect } from "../../rooms/index.ts";
import type { Access } from "./access.ts";
import { type ChatContext, type ChatHandlers, type ChatNamespace, type ChatSocket, socketRoom } from "./context.ts";
import { socketsOf, userRoom } from "../../runtime/caller.ts";

type Names = "member:add" | "member:kick" | "member:ban" | "member:mute" | "member:unban" | "member:unmute";
type Sanctioning = { room: string; user: string; forSec?: number | undefined; reason?: string | undefined };

/** Sends a user out of a room, and ends the membership. */
export async function endMembership(
  { rooms, control, presence }: Pick<ChatContext, "rooms" | "control" | "presence">,
  order: Extract<Order, { action: "kick" | "ban" | "quit" }>,
): Promise<void> {
  // On its way before the order, so that whoever hears of it finds the user a member no longer. Not awaited: with the store out,
  // the order still has to put out the sockets that are here.
  const removed = rooms.removeMember(order.room, order.user).catch(() => {});
  await control.issue(order);
  await removed;
  // After it: a join that was nearly done may have put the user back before the order ended it.
  await rooms.removeMember(order.room, order.user);
  // Sockets that are there were put out by the order; those that were dropped are counted without one.
  await presence.expel(order.room, order.user);
}

/** What moderators may do. All of it goes through `control`, whose orders hold on every worker. */
export function moderationHandlers(context: ChatContext, access: Access): ChatHandlers<Names> {
  const { clock, rooms, control } = context;

  async function impose(
    action: "kick" | "ban" | "mute",
    { room, user, forSec, reason }: Sanctioning,
  ): Promise<Record<string, never>> {
    const until = forSec === undefined ? {} : { untilAt: clock.now() + forSec * 1000 };
    const about = { room, user, ...(reason !== undefined && { reason }), ...until };
    if (action === "mute") await control.issue({ action, ...about });
    else await endMembership(context, { action, ...about });
    return {};
  }

  async function lift(action: "unban" | "unmute", room: string, user: string): Promise<Record<string, never>> {
    await control.issue({ action, room, user });
    return {};
  }

  return {
    "member:add": async ({ room, user }, caller) => {
      await access.require(caller.user, "moderate", room);
      // Whose a direct room is, is what it is.
      if (isDirect(room)) throw new CarillonError("forbidden");
      await rooms.list(room);
      await rooms.addMember(room, user);
      return {};
    },
    "member:kick": async (input, { user }) => {
      await access.require(user, "moderate", input.room);
      return impose("kick", input);
    },
    "member:ban": async (input, { user }) => {
      await access.require(user, "moderate", input.room);
      return impose("ban", input);
    },
    "member:mute": async (input, { user }) => {
      await access.require(user, "moderate", input.room);
      return impose("mute", input);
    },
    "member:unban": async ({ room, user }, caller) => {
      await access.require(caller.user, "moderate", room);
      return lift("unban", room, user);
    },
    "member:unmute": async ({ room, user }, caller) => {
      await access.require(caller.user, "moderate", room);
      return lift("unmute", room, user);
    },
  };
}

const untilAtOf = ({ untilAt }: { untilAt?: number }) => (untilAt === undefined ? {} : { untilAt });

/** Carries out an order on this worker's sockets; every worker hears every order, so it is told locally. */
export function carryOut(namespace: ChatNamespace, expel: (socket: ChatSocket, room: string) => void) {
  return (order: Order): void => {
    if (order.action === "revoke" || order.action === "unban") return;
    const { room, user } = order;
    const told = namespace.local.to([socketRoom(room), userRoom(user)]);
    if (order.action === "unmute") return void told.emit("member:unmuted", { room, user });
    if (order.action === "mute") return void told.emit("member:muted", { room, user, ...untilAtOf(order) });
    if (order.action === "kick" || order.action === "ban") {
      const reason = order.reason === undefined ? {} : { reason: order.reason };
      const action = order.action === "ban" ? "banned" : "kicked";
      told.emit("member:removed", { room, user, action, ...reason, ...untilAtOf(order) });
    }
    if (order.action === "quit") namespace.local.to(userRoom(user)).emit("room:left", { room });
    for (const socket of socketsOf(namespace, user)) expel(socket, room);
  };
}
