import type { Entry } from "../log/index.ts";
import type { Keeps } from "../log/redis.ts";
import type { Order } from "./index.ts";
import { type Field, orderOf, type Standing } from "./standing.ts";

/** Fields as they are kept beside the log: numbers as text, `Infinity` among them. */
export const keptOf = (fields: readonly Field[]): Keeps =>
  Object.fromEntries(fields.map(([name, value]) => [name, value === null ? null : String(value)]));

/** Back from there; what a later release may have written in another way is none of ours. */
export function fieldsOf(kept: Iterable<readonly [name: string, value: string]>): (readonly [string, number])[] {
  return [...kept].flatMap(([name, text]) => (Number.isNaN(Number(text)) ? [] : [[name, Number(text)]]));
}

/** The orders that this release knows. What a later one may have beside them is for workers that know it too. */
const ACTIONS: ReadonlySet<string> = new Set<Order["action"]>([
  "kick",
  "ban",
  "mute",
  "unban",
  "unmute",
  "quit",
  "revoke",
]);

/**
 * What the entries of the orders' log are about. `issued` is an order. `restored` puts back what stands and was kept less strictly;
 * `swept` takes out what has run out. Each says what it did to the fields that are kept beside the log.
 */
export type Body =
  | { readonly kind: "issued"; readonly order: Order; readonly keeps: Keeps }
  | { readonly kind: "restored" | "swept"; readonly keeps: Keeps };

/** What became of an entry. */
export interface Applied {
  /** What came to hold by it. */
  readonly orders: readonly Order[];
  /** Fields that are kept less strictly since than they stand: whoever loads them would let somebody in again. */
  readonly weak: readonly string[];
}

const NOTHING: Applied = { orders: [], weak: [] };

/** Applies an entry; one of a kind that a later release may have is left alone. */
export function applyTo(standing: Standing, entry: Entry): Applied {
  const body = { ...entry.body, kind: entry.kind } as Body;
  const keeps = Object.entries(body.keeps ?? {});
  const fields = fieldsOf(keeps.filter((field): field is [string, string] => field[1] !== null));
  switch (body.kind) {
    case "issued": {
      if (!ACTIONS.has(body.order.action)) return NOTHING;
      const kept = new Map(fields);
      const held = standing.hold(body.order);
      const weak = held.filter(([name, value]) => value !== null && value > (kept.get(name) ?? -Infinity));
      return { orders: [body.order], weak: weak.map(([name]) => name) };
    }
    case "restored":
      return { orders: ordersOf(fields.filter(([name, value]) => standing.raise(name, value))), weak: [] };
    case "swept":
      return { orders: [], weak: keeps.map(([name]) => name).filter((name) => standing.at(name) !== undefined) };
    default:
      return NOTHING;
  }
}

/** The orders that would leave these fields standing. */
export function ordersOf(fields: readonly (readonly [name: string, value: number])[]): readonly Order[] {
  return fields.flatMap(([name, value]) => orderOf(name, value) ?? []);
}
