import type { Payload } from "../../protocol/contract.ts";
import type { monitor } from "./contract.ts";

/** What one host looked like at one moment. */
export type Sample = Payload<typeof monitor, "metrics:sampled">;
/** One process in a sample. */
export type Worker = Sample["workers"][number];
export type Alert = Payload<typeof monitor, "alert:raised">;

/** Tells noise from news: nobody reads the third digit of a percentage, and every digit goes to every watcher each second. */
export function toTenth(value: number): number {
  return Math.round(value * 10) / 10;
}

/** How much of `total` is used, from 0 to 100. */
export function toPercent(used: number, total: number): number {
  return total > 0 ? toTenth(Math.min(100, Math.max(0, (used / total) * 100))) : 0;
}
