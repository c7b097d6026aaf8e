import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { LoadClient, Timetable } from "../load.ts";
import { cpuBetween, exceptRedis, onlyRedis, residentBytes, secondsBetween } from "../measure/index.ts";
import type { Usage } from "../measure.ts";
import * as common from "../workloads/figures.ts";
import { outcomeOf, watched } from "../workloads/traffic.ts";
import { asTheyAre, type Figures, type Outcome, type Stage, TEXT_BYTES, type Workload } from "../workloads/workload.ts";
import * as figure from "./figures.ts";
import { redisBytes } from "./redis-bytes.ts";

export interface FullWorkerSize {
  readonly connections: number;
  /** So many of them are there when memory is looked at first: the slope is from here on. */
  readonly first: number;
  readonly rooms: number;
  readonly roomsEach: number;
  /** For what letting in has left to be done: presence that is gathered, sockets of the handshake. */
  readonly settleSeconds: number;
  readonly idleSeconds: number;
  readonly perSec: number;
  readonly seconds: number;
  readonly warmSeconds: number;
}

const AT_ONCE = 64;

/** What is resident at some number of connections, once garbage is collected. */
interface Resident {
  readonly usage: Usage;
  readonly redisBytes: number;
  readonly kernelBytes: number;
}

/** As many connections as one worker may be given, idle and with traffic. */
export const fullWorker = (peer: "carillon" | "carillon-redis", size: FullWorkerSize): Workload => ({
  name: peer === "carillon" ? "full worker in memory" : "full worker with Redis",
  about: `${size.connections} clients of one worker, each with a token and in ${size.roomsEach} of ${size.rooms} rooms. Slopes are those from ${size.first} clients on, after garbage was collected. Idle for ${size.idleSeconds} s with the heartbeats every 15 s; then ${size.perSec} messages/s over all rooms for ${size.seconds} s.`,
  workers: 1,
  contenders: asTheyAre(peer),
  collects: true,
  shows: [],
  async run(stage) {
    const clients = await Promise.all(
      Array.from({ length: size.connections }, (_, index) => stage.client(`user-${index}`, roomsOf(index, size))),
    );
    const first = clients.slice(0, size.first);
    const early = await stage.load.connect(first, AT_ONCE);
    if (early.failed > 0) return { figures: {}, void: `${early.failed} of ${first.length} clients were not let in` };
    const before = await resident(stage, size);
    const late = await stage.load.connect(clients.slice(size.first), AT_ONCE);
    if (late.failed > 0) return { figures: {}, void: `${late.failed} of ${size.connections} clients were not let in` };
    const connected = await stage.usage();
    const after = await resident(stage, size);
    const idle = await idling(stage, size);
    const outcome = await sending(stage, clients, size);
    return {
      ...outcome,
      figures: {
        [figure.CONNECTIONS]: size.connections,
        [figure.CONNECT_SECONDS]: early.seconds + late.seconds,
        ...memoryFigures(before, after, size),
        ...connectFigures(before.usage, connected, size),
        ...idle,
        ...outcome.figures,
      },
    };
  },
});

/** Next to each other on a ring, so that all rooms are of one size. */
function roomsOf(index: number, { rooms, roomsEach }: FullWorkerSize): string[] {
  return Array.from({ length: roomsEach }, (_, place) => roomName((index * roomsEach + place) % rooms));
}

const roomName = (index: number): string => `room-${index}`;

async function resident(stage: Stage, { settleSeconds }: FullWorkerSize): Promise<Resident> {
  await wait(settleSeconds * 1000);
  await stage.peer.collect?.();
  return { usage: await stage.usage(), redisBytes: await redisBytes(stage.redisUrl), kernelBytes: kernelBytes() };
}

/** What the kernel has for itself, where connections have both their ends here; of the whole machine. */
function kernelBytes(): number {
  const [, slab = "0"] = /^Slab:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "latin1")) ?? [];
  return Number(slab) * 1024;
}

function memoryFigures(before: Resident, after: Resident, { connections, first }: FullWorkerSize): Figures {
  const added = connections - first;
  const worker = (at: Resident) => residentBytes(at.usage, exceptRedis);
  return {
    [common.RSS_PER_CONNECTION]: (worker(after) - worker(before)) / 1024 / added,
    [figure.RSS_AFTER]: worker(after) / 2 ** 20,
    [figure.KERNEL_PER_CONNECTION]: (after.kernelBytes - before.kernelBytes) / 1024 / added,
    ...(after.redisBytes > 0 && {
      [figure.REDIS_KB_PER_CONNECTION]: (after.redisBytes - before.redisBytes) / 1024 / added,
    }),
  };
}

function connectFigures(begin: Usage, end: Usage, { connections, first }: FullWorkerSize): Figures {
  const added = connections - first;
  return {
    [figure.CONNECT_CPU]: (cpuBetween(begin, end, exceptRedis).total * 1000) / added,
    ...redisOnly(begin, end, figure.REDIS_CONNECT_CPU, (seconds) => (seconds * 1000) / added),
  };
}

async function idling(stage: Stage, { idleSeconds, connections }: FullWorkerSize): Promise<Figures> {
  const begin = await stage.usage();
  await wait(idleSeconds * 1000);
  const end = await stage.usage();
  const each = (seconds: number) => (seconds * 1e6) / secondsBetween(begin, end) / connections;
  return {
    [figure.IDLE_CPU]: each(cpuBetween(begin, end, exceptRedis).total),
    ...redisOnly(begin, end, figure.REDIS_IDLE_CPU, each),
  };
}

/** Nothing where there is no Redis. */
function redisOnly(begin: Usage, end: Usage, name: string, of: (seconds: number) => number): Figures {
  const isThere = [...end.cpu.keys()].some(onlyRedis);
  return isThere ? { [name]: of(cpuBetween(begin, end, onlyRedis).total) } : {};
}

/** Each room's first members send in turn. */
async function sending(stage: Stage, clients: readonly LoadClient[], size: FullWorkerSize): Promise<Outcome> {
  const members = new Map(Array.from({ length: size.rooms }, (_, room) => [roomName(room), [] as number[]]));
  for (const [index, { rooms }] of clients.entries()) for (const room of rooms) members.get(room)?.push(index);
  const table: Timetable = {
    burst: 1,
    turnsPerSec: size.perSec,
    seconds: size.seconds,
    rooms: [...members.keys()],
    senders: [...members.values()].map((all) => all.slice(0, 8)),
    listeners: [...members.values()].map(({ length }) => length),
    textBytes: TEXT_BYTES,
  };
  const [delivered, window] = await watched(stage, (edges) => stage.load.drive(table, size.warmSeconds, edges));
  const { figures, ...rest } = outcomeOf(stage, delivered, window, size.seconds);
  return { ...rest, figures: { ...figures, [figure.EXPECTED]: delivered.expected } };
}
