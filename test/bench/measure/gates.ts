import type { Delivered } from "../load.ts";
import type { Usage } from "../measure.ts";
import { foreignBetween, secondsBetween, stealBetween } from "./between.ts";

/** From here on, figures are those of the machine's neighbours, or of the load generator, and not of the peer. */
export const LIMITS = {
  /** Part of all cores' time. */
  steal: 0.03,
  foreign: 0.05,
  /** Of the load generator's own core. */
  clientBusy: 0.75,
  clientLoopP99Ms: 5,
} as const;

export interface Gate {
  /** Whether it counts how late anything was: a load generator that is late itself cannot tell. */
  readonly timed?: boolean;
}

/** Why a run does not count, the worst first; nothing where it does. */
export function voidReason(
  delivered: Delivered,
  begin: Usage,
  end: Usage,
  { timed = true }: Gate = {},
): string | undefined {
  return (
    lossOf(delivered) ??
    strainOf(delivered, timed) ??
    disturbanceBetween(begin, end, delivered.clientBusy * secondsBetween(begin, end))
  );
}

/** What was to arrive and did not, or not as it should. */
function lossOf(of: Delivered): string | undefined {
  if (of.lost > 0) return `${of.lost} connections were lost`;
  if (of.refused > 0) return `${of.refused} messages were refused`;
  if (of.delivered !== of.expected) return `${of.delivered} of ${of.expected} messages were delivered`;
  for (const wrong of ["missing", "doubled", "swapped"] as const)
    if (of[wrong] > 0) return `${of[wrong]} of the messages that were looked into were ${wrong}`;
  return undefined;
}

/** The load generator at its own limits. */
function strainOf({ clientBusy, clientLoopP99Ms }: Delivered, timed: boolean): string | undefined {
  if (clientBusy > LIMITS.clientBusy) return `the load generator was busy for ${percent(clientBusy)} of the time`;
  if (timed && clientLoopP99Ms > LIMITS.clientLoopP99Ms)
    return `the load generator's loop was late by ${clientLoopP99Ms.toFixed(1)} ms (p99)`;
  return undefined;
}

/** What others on the same machine took of it, where that is too much; `clientSeconds` of CPU were the load generator's. */
export function disturbanceBetween(begin: Usage, end: Usage, clientSeconds: number): string | undefined {
  const steal = stealBetween(begin, end);
  if (steal > LIMITS.steal) return `${percent(steal)} of the machine's time were stolen`;
  const foreign = foreignBetween(begin, end, clientSeconds);
  if (foreign > LIMITS.foreign) return `${percent(foreign)} of the machine's time went to other processes`;
  return undefined;
}

const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
