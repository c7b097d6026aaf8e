import type { Clock } from "../clock.ts";
import type { Control, Order } from "./index.ts";
import { Standing } from "./standing.ts";

/** Orders in this process's memory. They are lost with it. */
export function memoryControl({ clock }: { clock: Clock }): Control {
  const standing = new Standing(clock);
  const listeners = new Set<(order: Order) => void>();

  return {
    async issue(order) {
      standing.hold(order);
      for (const listener of listeners) listener(order);
    },
    ban: (room, user) => standing.ban(room, user),
    mute: (room, user) => standing.mute(room, user),
    revokedAt: (user) => standing.revokedAt(user),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
