import type { Clock } from "../clock.ts";
import type { Control, Order, Sanction } from "./index.ts";

/** Neither a room id nor a user id holds a space. */
const key = (room: string, user: string) => `${room} ${user}`;

/** A kick is over as soon as it is done, unless it says for how long one may not come back; and it never shortens a ban. */
function isWeaker({ untilAt }: Sanction, ban: Sanction | undefined): boolean {
  return untilAt === undefined || (ban !== undefined && (ban.untilAt ?? Infinity) >= untilAt);
}

/** Orders in this process's memory. They are lost with it. */
export function memoryControl({ clock }: { clock: Clock }): Control {
  const bans = new Map<string, Sanction>();
  const mutes = new Map<string, Sanction>();
  const revocations = new Map<string, number>();
  const listeners = new Set<(order: Order) => void>();

  function standing(sanctions: Map<string, Sanction>, room: string, user: string): Sanction | undefined {
    const sanction = sanctions.get(key(room, user));
    if (sanction?.untilAt === undefined || sanction.untilAt > clock.now()) return sanction;
    sanctions.delete(key(room, user));
    return undefined;
  }

  function hold(order: Order): void {
    if (order.action === "revoke") {
      // Two workers' clocks may differ, and one clock may go back: what was refused once stays refused.
      return void revocations.set(order.user, Math.max(order.at, revocations.get(order.user) ?? -Infinity));
    }
    const { action, room, user } = order;
    const of = key(room, user);
    if (action === "quit") return;
    if (action === "unban") return void bans.delete(of);
    if (action === "unmute") return void mutes.delete(of);
    if (action === "kick" && isWeaker(order, standing(bans, room, user))) return;
    const sanctions = action === "mute" ? mutes : bans;
    sanctions.set(of, order.untilAt === undefined ? {} : { untilAt: order.untilAt });
  }

  return {
    async issue(order) {
      hold(order);
      for (const listener of listeners) listener(order);
    },
    ban: (room, user) => standing(bans, room, user),
    mute: (room, user) => standing(mutes, room, user),
    revokedAt: (user) => revocations.get(user),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
