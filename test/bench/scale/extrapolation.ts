import * as common from "../workloads/figures.ts";
import * as figure from "./figures.ts";
import type { PartName } from "./plan.ts";
import type { Results } from "./results.ts";

/** A figure that the extrapolation stands on, and where it was measured. */
interface Slope {
  readonly part: PartName;
  readonly figure: string;
}

const SLOPES = {
  rssKb: { part: "redis", figure: common.RSS_PER_CONNECTION },
  redisKb: { part: "redis", figure: figure.REDIS_KB_PER_CONNECTION },
  connectMs: { part: "redis", figure: figure.CONNECT_CPU },
  kernelKb: { part: "memory", figure: figure.KERNEL_PER_CONNECTION },
  // With Redis: what a worker does for itself is in it, so it is too high rather than too low.
  idleUs: { part: "redis", figure: figure.IDLE_CPU },
  deliveryUs: { part: "memory", figure: common.CPU_PER_DELIVERY },
  deliveryBytes: { part: "memory", figure: common.BYTES_PER_DELIVERY },
  sendUs: { part: "rooms", figure: figure.SENDING_CPU },
  hearUs: { part: "rooms", figure: figure.HEARING_CPU },
  redisUs: { part: "rooms", figure: common.REDIS_CPU_PER_MESSAGE },
  roomKb: { part: "rooms", figure: figure.RSS_PER_ROOM },
  redisRoomKb: { part: "rooms", figure: figure.REDIS_KB_PER_ROOM },
  redisMessageKb: { part: "rooms", figure: figure.REDIS_KB_PER_MESSAGE },
  subscriberUs: { part: "subscribers", figure: figure.REDIS_CPU_PER_SUBSCRIBER },
  returnMs: { part: "storm", figure: figure.RETURN_CPU },
  redisReturnMs: { part: "storm", figure: figure.REDIS_RETURN_CPU },
} as const satisfies Readonly<Record<string, Slope>>;

export type Slopes = Readonly<Record<keyof typeof SLOPES, number>>;

/** What each slope is called, for a table. */
export const slopeNames: readonly (readonly [keyof Slopes, Slope])[] = Object.entries(SLOPES) as [
  keyof Slopes,
  Slope,
][];

/** Nothing while one of them was not measured. */
export function slopesOf(results: Results): Slopes | undefined {
  const found = slopeNames.map(([name, { part, figure: of }]) => [name, results[part]?.figures[of]] as const);
  return found.every(([, value]) => value !== undefined) ? (Object.fromEntries(found) as unknown as Slopes) : undefined;
}

/** Who does what, all of it assumed. */
export interface Assumed {
  readonly connections: number;
  readonly roomsEach: number;
  /** Members of each room, spread over all workers as a balancer spreads them. */
  readonly members: number;
  /** Messages a room has each minute. */
  readonly perMinute: number;
}

export interface Cores {
  readonly idle: number;
  readonly sending: number;
  readonly hearing: number;
  readonly writing: number;
}

/** What that takes. */
export interface Needed {
  readonly messagesPerSec: number;
  readonly deliveriesPerSec: number;
  readonly workers: number;
  readonly connectionsEach: number;
  /** Cores that all workers together use: for heartbeats, for messages that come in, for hearing of them, for writing to members. */
  readonly cores: Cores;
  /** Of a core, in each worker. */
  readonly busy: number;
  readonly workerGiB: number;
  readonly kernelGiB: number;
  /** Workers that hear a message of a room. */
  readonly hearing: number;
  readonly redisCores: number;
  readonly redisShards: number;
  readonly redisGiB: number;
  /** To clients, with what TCP, IP and Ethernet add to a delivery that goes by itself. */
  readonly outMbitPerSec: number;
  /** All of them at once, each to one room, with all workers doing nothing else. */
  readonly allReturnSeconds: number;
  readonly redisReturnSeconds: number;
}

/** What a worker or a shard is planned for: the other half is for bursts, and for those of a dead neighbour. */
const BUSY_AT_MOST = 0.5;
/** No more than was shown to work. */
const CONNECTIONS_AT_MOST = 15_000;
/** A worker before anybody is connected, its code and its heap. */
const WORKER_MIB = 150;
/** As many messages as a room keeps, by default. */
const HISTORY_SIZE = 1_000;
/** Ethernet, IP and TCP with timestamps. */
const HEADER_BYTES = 66;

/** As few workers as can do it, each at most half busy, with no more connections than one was shown to have. */
export function extrapolate(slopes: Slopes, assumed: Assumed): Needed {
  const { connections } = assumed;
  let workers = Math.ceil(connections / CONNECTIONS_AT_MOST);
  while (busyOf(slopes, assumed, workers) > BUSY_AT_MOST) workers++;
  const rooms = (connections * assumed.roomsEach) / assumed.members;
  const messagesPerSec = (rooms * assumed.perMinute) / 60;
  const deliveriesPerSec = messagesPerSec * assumed.members;
  const hearing = hearingOf(assumed, workers);
  const redisCores = (messagesPerSec * (slopes.redisUs + (hearing - MEASURED_HEARING) * slopes.subscriberUs)) / 1e6;
  const redisShards = Math.max(1, Math.ceil(redisCores / BUSY_AT_MOST));
  const redisKb = connections * slopes.redisKb + rooms * (slopes.redisRoomKb + HISTORY_SIZE * slopes.redisMessageKb);
  return {
    messagesPerSec,
    deliveriesPerSec,
    workers,
    connectionsEach: Math.ceil(connections / workers),
    cores: coresOf(slopes, assumed, workers),
    busy: busyOf(slopes, assumed, workers),
    workerGiB: (workers * WORKER_MIB) / 1024 + (connections * slopes.rssKb + rooms * hearing * slopes.roomKb) / 2 ** 20,
    kernelGiB: (connections * slopes.kernelKb) / 2 / 2 ** 20,
    hearing,
    redisCores,
    redisShards,
    redisGiB: redisKb / 2 ** 20,
    outMbitPerSec: (deliveriesPerSec * (slopes.deliveryBytes + HEADER_BYTES) * 8) / 1e6,
    allReturnSeconds: (connections * slopes.returnMs) / 1000 / workers,
    redisReturnSeconds: (connections * slopes.redisReturnMs) / 1000 / redisShards,
  };
}

/** Workers that heard a message where it was measured. */
const MEASURED_HEARING = 2;

/** Members are on workers by chance. */
function hearingOf({ members }: Assumed, workers: number): number {
  return workers * (1 - (1 - 1 / workers) ** members);
}

function coresOf(slopes: Slopes, assumed: Assumed, workers: number): Cores {
  const { connections, roomsEach, members, perMinute } = assumed;
  const messagesPerSec = (connections * roomsEach * perMinute) / members / 60;
  // Both were measured with one delivery each in them.
  const sendingUs = Math.max(0, slopes.sendUs - slopes.hearUs);
  const hearingUs = Math.max(0, slopes.hearUs - slopes.deliveryUs);
  return {
    idle: (connections * slopes.idleUs) / 1e6,
    sending: (messagesPerSec * sendingUs) / 1e6,
    hearing: (messagesPerSec * hearingOf(assumed, workers) * hearingUs) / 1e6,
    writing: (messagesPerSec * members * slopes.deliveryUs) / 1e6,
  };
}

/** Of the one core of each worker. */
function busyOf(slopes: Slopes, assumed: Assumed, workers: number): number {
  const { idle, sending, hearing, writing } = coresOf(slopes, assumed, workers);
  return (idle + sending + hearing + writing) / workers;
}
