import { setTimeout as wait } from "node:timers/promises";
import type { LoadClient } from "../load.ts";
import {
  cpuBetween,
  exceptRedis,
  onlyRedis,
  redisCommandsBetween,
  residentBytes,
  secondsBetween,
  type Which,
} from "../measure/index.ts";
import type { Usage } from "../measure.ts";
import { letIn, outcomeOf, watched } from "../workloads/traffic.ts";
import { asTheyAre, type Figures, type Stage, TEXT_BYTES, type Workload } from "../workloads/workload.ts";
import * as figure from "./figures.ts";
import { redisBytes } from "./redis-bytes.ts";

export interface ManyRoomsSize {
  /** Of each of two workers. */
  readonly clients: number;
  readonly roomsEach: number;
  /** So many of the clients, with their rooms, are there when it is looked at first: the slope is from here on. */
  readonly first: number;
  /** For what letting in has left to be done: presence that is gathered, sockets of the handshake. */
  readonly settleSeconds: number;
  readonly idleSeconds: number;
  readonly perSec: number;
  readonly seconds: number;
  readonly warmSeconds: number;
}

/** Few, because each asks for all its rooms in one go. */
const AT_ONCE = 4;
const WORKERS = 2;

/** What so many rooms take when nothing is said in them. */
interface Quiet {
  readonly begin: Usage;
  readonly end: Usage;
  readonly redisBytes: number;
}

/** Rooms without number, each with one member on each of two workers, of which one speaks. */
export const manyRooms = (size: ManyRoomsSize): Workload => {
  const rooms = size.clients * size.roomsEach;
  return {
    name: "many rooms",
    about: `${rooms} rooms on two workers with Redis, each with one member on either; ${size.clients} clients a worker, in ${size.roomsEach} rooms each. Slopes are those from ${size.first * size.roomsEach} rooms on. Idle for ${size.idleSeconds} s; then ${size.perSec} messages/s over all rooms for ${size.seconds} s, all from the first worker.`,
    workers: WORKERS,
    contenders: asTheyAre("carillon-redis"),
    collects: true,
    shows: [],
    async run(stage) {
      const pairs = await Promise.all(Array.from({ length: size.clients }, (_, index) => pair(stage, index, size)));
      const out = await letIn(stage, pairs.slice(0, size.first).flat(), AT_ONCE);
      if (out !== undefined) return { figures: {}, void: out };
      const few = await quiet(stage, size);
      const outLater = await letIn(stage, pairs.slice(size.first).flat(), AT_ONCE);
      if (outLater !== undefined) return { figures: {}, void: outLater };
      const many = await quiet(stage, size);
      const outcome = await sending(stage, pairs, size);
      const empty = { [figure.ROOMS]: rooms, ...quietFigures(few, many, rooms - size.first * size.roomsEach) };
      const kept = ((await redisBytes(stage.redisUrl)) - many.redisBytes) / 1024 / messagesOf(size);
      return { ...outcome, figures: { ...empty, [figure.REDIS_KB_PER_MESSAGE]: kept, ...outcome.figures } };
    },
  };
};

/** The one who speaks, and the one who hears it on the other worker. */
async function pair(stage: Stage, index: number, { roomsEach }: ManyRoomsSize): Promise<readonly LoadClient[]> {
  const rooms = Array.from({ length: roomsEach }, (_, place) => `room-${index * roomsEach + place}`);
  return [await stage.client(`speaker-${index}`, rooms, 0), await stage.client(`listener-${index}`, rooms, 1)];
}

async function quiet(stage: Stage, { settleSeconds, idleSeconds }: ManyRoomsSize): Promise<Quiet> {
  await wait(settleSeconds * 1000);
  await stage.peer.collect?.();
  const begin = await stage.usage();
  await wait(idleSeconds * 1000);
  return { begin, end: await stage.usage(), redisBytes: await redisBytes(stage.redisUrl) };
}

function quietFigures(few: Quiet, many: Quiet, added: number): Figures {
  const resident = ({ begin }: Quiet) => residentBytes(begin, exceptRedis);
  const perSec = (value: number, { begin, end }: Quiet) => value / secondsBetween(begin, end);
  const commands = (at: Quiet) => perSec(redisCommandsBetween(at.begin, at.end), at);
  const cpu = (at: Quiet, which: Which) => perSec(cpuBetween(at.begin, at.end, which).total * 1e6, at);
  const attended = added * WORKERS;
  return {
    [figure.RSS_PER_ROOM]: (resident(many) - resident(few)) / 1024 / attended,
    [figure.REDIS_KB_PER_ROOM]: (many.redisBytes - few.redisBytes) / 1024 / added,
    [figure.REDIS_COMMANDS_PER_ROOM]: ((commands(many) - commands(few)) * 60) / attended,
    [figure.CPU_PER_ROOM]: (cpu(many, exceptRedis) - cpu(few, exceptRedis)) / attended,
    [figure.REDIS_CPU_PER_ROOM]: (cpu(many, onlyRedis) - cpu(few, onlyRedis)) / attended,
  };
}

const messagesOf = ({ perSec, seconds, warmSeconds }: ManyRoomsSize): number => perSec * (seconds + warmSeconds);

async function sending(stage: Stage, pairs: readonly (readonly LoadClient[])[], size: ManyRoomsSize) {
  // Clients keep the places in which they were let in: a speaker, its listener, the next speaker.
  const rooms = pairs.flatMap(([speaker], index) =>
    (speaker?.rooms ?? []).map((room) => ({ room, sender: index * 2 })),
  );
  const { perSec, seconds, warmSeconds } = size;
  const table = {
    burst: 1,
    turnsPerSec: perSec,
    seconds,
    rooms: rooms.map(({ room }) => room),
    senders: rooms.map(({ sender }) => [sender]),
    listeners: rooms.map(() => WORKERS),
    textBytes: TEXT_BYTES,
  };
  const [delivered, window] = await watched(stage, (edges) => stage.load.drive(table, warmSeconds, edges));
  const outcome = outcomeOf(stage, delivered, window, seconds);
  const each = (which: Which) => (cpuBetween(window.begin, window.end, which).total * 1e6) / delivered.sent;
  const figures = {
    ...outcome.figures,
    [figure.EXPECTED]: delivered.expected,
    [figure.SENDING_CPU]: each((name) => name === "worker 0"),
    [figure.HEARING_CPU]: each((name) => name === "worker 1"),
  };
  return { ...outcome, figures };
}
