import type { Delivered } from "../../load.ts";
import { cpuBetween, disturbanceBetween, onlyRedis, secondsBetween, type Which } from "../../measure/index.ts";
import type { Usage } from "../../measure.ts";
import type { Figures } from "../../workloads/workload.ts";
import * as figure from "../figures.ts";
import { type Part, partOf } from "../part.ts";
import type { Heard, Returned } from "./index.ts";
import type { StormSize } from "./worker-killed.ts";

/** All that was seen of a storm. */
export interface Seen {
  /** Clients that were in their rooms before it. */
  readonly letIn: number;
  /** The others' traffic before the kill, and from then on. */
  readonly before: Delivered;
  readonly during: Delivered;
  readonly returned: Returned;
  readonly heard: Heard;
  /** Messages that were sent, from the beginning. */
  readonly entries: number;
  readonly loopP99Ms: number;
  /**
   * Of the worker that is left, Redis and all that clients are in: at the two ends of `before`, at the kill, and when both the traffic
   * was over and everybody back.
   */
  readonly looks: readonly Usage[];
}

export function accountOf(size: StormSize, seen: Seen): Part {
  const { clients, rooms, roomsEach, others, perSec } = size;
  const about =
    `Two workers with Redis, ${clients} clients on one, each in ${roomsEach} of ${rooms} rooms, and ${others} on the other, who send ${perSec} messages/s. The first is killed (SIGKILL), ` +
    "and all its clients come to the second, on websockets, by the backoff of a stock client with no options, and ask for what they missed. Limits on rates and handshakes are the defaults, and each client has an address of its own. Nothing is bound to a core.";
  return partOf(about, figuresOf(size, seen), { failed: failureOf(size, seen), disturbed: disturbanceOf(seen) });
}

function figuresOf({ clients }: StormSize, { before, during, returned, heard, loopP99Ms, looks }: Seen): Figures {
  const { timeToBack, back, attempts } = returned;
  return {
    [figure.STORM_CLIENTS]: clients,
    [figure.BACK]: back,
    [figure.BACK_P50]: timeToBack.at(0.5) / 1e6,
    [figure.BACK_P99]: timeToBack.at(0.99) / 1e6,
    [figure.ALL_BACK]: timeToBack.max / 1e6,
    [figure.ATTEMPTS]: attempts,
    [figure.MISSING]: heard.missing,
    [figure.DOUBLED]: heard.doubled,
    [figure.UNRECOVERED]: heard.unrecovered,
    [figure.BEHIND]: heard.behind,
    [figure.P50_BEFORE]: before.latency.at(0.5) / 1000,
    [figure.P99_BEFORE]: before.latency.at(0.99) / 1000,
    [figure.P50_DURING]: during.latency.at(0.5) / 1000,
    [figure.P99_DURING]: during.latency.at(0.99) / 1000,
    [figure.MAX_DURING]: during.latency.max / 1000,
    [figure.RETURN_CPU]: cpuMsEach(looks, clients, isWorkerLeft),
    [figure.REDIS_RETURN_CPU]: cpuMsEach(looks, clients, onlyRedis),
    [figure.CLIENT_LATE]: loopP99Ms,
  };
}

const isWorkerLeft: Which = (name) => name.startsWith("worker");

/** Beyond what the traffic took before; what it takes to bring it to those who are back is in it. */
function cpuMsEach([start, end, killed, over]: readonly Usage[], clients: number, which: Which): number {
  if (!start || !end || !killed || !over) return Number.NaN;
  const usual = cpuBetween(start, end, which).total / secondsBetween(start, end);
  return ((cpuBetween(killed, over, which).total - usual * secondsBetween(killed, over)) * 1000) / clients;
}

function failureOf({ clients, others }: StormSize, seen: Seen): string | undefined {
  const { letIn, before, during, returned, heard, entries } = seen;
  if (letIn < clients + others) return `only ${letIn} of ${clients + others} clients were let in at first`;
  if (returned.back < clients) return `only ${returned.back} of ${clients} clients came back`;
  for (const { delivered, expected, missing, doubled, swapped, refused, lost } of [before, during])
    if (delivered !== expected || missing + doubled + swapped + refused + lost > 0)
      return `of the others, ${delivered} of ${expected} deliveries came, ${missing} are missing, ${doubled} came twice, ${swapped} out of order; ${refused} messages were refused, ${lost} connections lost`;
  const { missing, doubled, unrecovered, behind } = heard;
  if (missing + doubled + unrecovered + behind > 0)
    return `of those who came back, ${missing} entries are missing, ${doubled} came twice, ${behind} did not come; ${unrecovered} joins could not go on where they were`;
  return heard.entries === entries ? undefined : `${heard.entries} of ${entries} messages are in the rooms`;
}

/** Nothing that belongs to it is left out of `looks`. */
function disturbanceOf({ looks: [, , killed, over] }: Seen): string | undefined {
  return killed && over && disturbanceBetween(killed, over, 0);
}
