import type { Clock } from "../clock.ts";
import type { Order, Sanction } from "./index.ts";

/** Fewer fields are not looked through for such as have run out. */
const FULL = 1_000;

/** A name and what stands under it; `null` where nothing does. */
export type Field = readonly [name: string, value: number | null];

/** What an order does to one field of what stands. */
interface Effect {
  readonly name: string;
  /** Until when it stands (`Infinity` where nobody said), or since when a user's tokens are refused; `null` where nothing is to stand. */
  readonly value: number | null;
  /** Whether it gives way to a later time that is there already. */
  readonly onlyForward: boolean;
}

const set = (name: string, value: number | null, onlyForward = false): Effect => ({ name, value, onlyForward });

/** What an order leaves standing, and what it lifts. */
function effectsOf(order: Order): readonly Effect[] {
  // Two workers' clocks may differ, and one clock may go back: what was refused once stays refused.
  if (order.action === "revoke") return [set(`revoke ${order.user}`, order.at, true)];
  const { action, room, user } = order;
  // Neither a room id nor a user id holds a space.
  const [ban, kick, mute] = [`ban ${room} ${user}`, `kick ${room} ${user}`, `mute ${room} ${user}`];
  if (action === "unban") return [set(ban, null), set(kick, null)];
  if (action === "unmute") return [set(mute, null)];
  if (action === "mute") return [set(mute, order.untilAt ?? Infinity)];
  if (action === "ban") return [set(ban, order.untilAt ?? Infinity), set(kick, null)];
  // A kick is over as soon as it is done, unless it says for how long one may not come back.
  if (action === "kick" && order.untilAt !== undefined) return [set(kick, order.untilAt, true)];
  return [];
}

/** The order that would leave standing what a field says, if it is one of ours. */
export function orderOf(name: string, value: number): Order | undefined {
  const [action, first, second] = name.split(" ");
  if (action === "revoke" && first !== undefined) return { action, user: first, at: value };
  if ((action !== "ban" && action !== "kick" && action !== "mute") || first === undefined || second === undefined)
    return undefined;
  return { action, room: first, user: second, ...(value !== Infinity && { untilAt: value }) };
}

/**
 * The orders that stand, by field. A kick has a field of its own beside the ban of the same user and room, so that it never shortens
 * one; the longer of the two is what keeps somebody out, and a later ban or unban takes the place of both. In every field the greater
 * number is the stricter one.
 */
export class Standing {
  readonly #clock: Clock;
  readonly #values: Map<string, number>;
  /** When there are so many it is time to drop what has run out. */
  #full = FULL;

  constructor(clock: Clock, values: Iterable<readonly [string, number]> = []) {
    this.#clock = clock;
    this.#values = new Map(values);
  }

  get entries(): Iterable<readonly [string, number]> {
    return this.#values;
  }

  /** What the fields that an order is about would be once it holds; `null` where nothing would stand. */
  after(order: Order): readonly Field[] {
    return effectsOf(order).map(({ name, value, onlyForward }) => {
      const before = onlyForward ? this.at(name) : undefined;
      return [name, value !== null && before !== undefined ? Math.max(before, value) : value];
    });
  }

  /** @returns what the fields that it is about are now. */
  hold(order: Order): readonly Field[] {
    const fields = this.after(order);
    for (const [name, value] of fields) {
      if (value === null) this.#values.delete(name);
      else this.#set(name, value);
    }
    return fields;
  }

  /** Makes a field at least as strict as that. @returns whether it was less strict before. */
  raise(name: string, value: number): boolean {
    if (value <= (this.at(name) ?? -Infinity) || isOver(name, value, this.#clock.now())) return false;
    this.#set(name, value);
    return true;
  }

  /** What stands in a field. */
  at(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined || !isOver(name, value, this.#clock.now())) return value;
    this.#values.delete(name);
    return undefined;
  }

  ban(room: string, user: string): Sanction | undefined {
    const [ban, kick] = [this.at(`ban ${room} ${user}`), this.at(`kick ${room} ${user}`)];
    if (ban === undefined && kick === undefined) return undefined;
    return sanction(Math.max(ban ?? -Infinity, kick ?? -Infinity));
  }

  mute(room: string, user: string): Sanction | undefined {
    const mute = this.at(`mute ${room} ${user}`);
    return mute === undefined ? undefined : sanction(mute);
  }

  revokedAt(user: string): number | undefined {
    return this.at(`revoke ${user}`);
  }

  #set(name: string, value: number): void {
    this.#values.set(name, value);
    if (this.#values.size < this.#full) return;
    for (const each of this.#values.keys()) this.at(each);
    this.#full = Math.max(FULL, this.#values.size * 2);
  }
}

const sanction = (untilAt: number): Sanction => (untilAt === Infinity ? {} : { untilAt });

/** Whether what a field holds has run out. Revocations never do: their time is a beginning, not an end. */
export function isOver(name: string, value: number, now: number): boolean {
  return !name.startsWith("revoke ") && value <= now;
}
