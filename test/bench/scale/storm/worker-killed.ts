import { startRedis } from "../../../kit/redis.ts";
import { startLoad } from "../../load/index.ts";
import { measureStrain } from "../../load/strain.ts";
import type { Load, LoadClient, Timetable } from "../../load.ts";
import { readUsage } from "../../measure/index.ts";
import type { Usage } from "../../measure.ts";
import type { RunningPeer } from "../../peer.ts";
import { peers, tokenOf } from "../../peers/index.ts";
import { TEXT_BYTES } from "../../workloads/workload.ts";
import type { Part } from "../part.ts";
import { accountOf } from "./account.ts";
import { Storm } from "./index.ts";

export interface StormSize {
  /** Of the worker that is killed. */
  readonly clients: number;
  readonly rooms: number;
  readonly roomsEach: number;
  /** Clients of the other worker, each in one room, who send all the time and hear each other. */
  readonly others: number;
  readonly perSec: number;
  readonly warmSeconds: number;
  readonly beforeSeconds: number;
  /** Of traffic from the kill on. */
  readonly seconds: number;
  readonly withinSeconds: number;
}

/** The limits as they are by default: all of the storm's clients have addresses of their own, as real ones have. */
const DEFAULT_LIMITS = { CONNECTS_PER_SEC: "100", CONNECTS_BURST: "1000", RATE_PER_SEC: "50", RATE_BURST: "100" };

const AT_ONCE = 64;
const CONNECT_WITHIN_MS = 60_000;
const LEVEL_WITHIN_MS = 10_000;
/** The workers, as targets: the one that is killed, and the one to which everybody goes then. */
const KILLED = 0;
const LEFT = 1;

/** Everything that takes part. */
interface Scene {
  readonly size: StormSize;
  readonly peer: RunningPeer;
  readonly redis: { readonly pid: number; readonly url: string };
  readonly load: Load;
  readonly storm: Storm;
}

/**
 * One of two workers is killed, and all its clients come to the other, which has clients and traffic of its own. Nothing is bound to a core, as
 * nothing is under PM2: it is about how long it takes, and a worker's compiler and collector have threads beside its own.
 */
export async function workerKilled(size: StormSize): Promise<Part> {
  await using redis = await startRedis();
  await using peer = await peers["carillon-redis"].start({
    workers: 2,
    redisUrl: redis.url,
    env: DEFAULT_LIMITS,
  });
  await using load = await startLoad({ wire: "carillon", targets: peer.targets, sampleOneIn: 1 });
  const leaving = peer.targets[KILLED];
  if (!leaving) throw new Error("There is no worker to kill");
  await using storm = new Storm(await stormClients(size), leaving);
  return await act({ size, peer, redis, load, storm });
}

const roomName = (index: number, { rooms }: StormSize): string => `room-${index % rooms}`;

function stormClients(size: StormSize): Promise<LoadClient[]> {
  return Promise.all(
    Array.from({ length: size.clients }, async (_, index) => {
      const user = `user-${index}`;
      const rooms = Array.from({ length: size.roomsEach }, (_each, place) =>
        roomName(index * size.roomsEach + place, size),
      );
      return { user, token: await tokenOf(user), target: KILLED, rooms };
    }),
  );
}

function others(size: StormSize): Promise<LoadClient[]> {
  return Promise.all(
    Array.from({ length: size.others }, async (_, index) => {
      const user = `other-${index}`;
      return { user, token: await tokenOf(user), target: LEFT, rooms: [roomName(index, size)] };
    }),
  );
}

function timetable(size: StormSize, seconds: number): Timetable {
  const rooms = Array.from({ length: size.rooms }, (_, index) => roomName(index, size));
  const everybody = Array.from({ length: size.others }, (_, index) => index);
  const senders = rooms.map((_, room) => everybody.filter((index) => index % size.rooms === room));
  const listeners = senders.map(({ length }) => length);
  return { burst: 1, turnsPerSec: size.perSec, seconds, rooms, senders, listeners, textBytes: TEXT_BYTES };
}

async function act({ size, peer, redis, load, storm }: Scene): Promise<Part> {
  const { warmSeconds, beforeSeconds, seconds, withinSeconds, perSec } = size;
  const { ready } = await load.connect(await others(size), AT_ONCE);
  const there = await storm.connect(AT_ONCE, CONNECT_WITHIN_MS);
  const processes = [
    ...peer.processes.filter((_, index) => index !== KILLED),
    { name: "redis", pid: redis.pid },
    { name: "load", pid: load.pid },
    { name: "this", pid: process.pid },
  ];
  const looks: Usage[] = [];
  const look = async () => void looks.push(await readUsage(processes, redis.url));
  const before = await load.drive(timetable(size, beforeSeconds), warmSeconds, { begin: look, end: look });
  const strain = measureStrain();
  const during = await load.drive(timetable(size, seconds), 0, {
    async begin() {
      await look();
      kill(peer, storm);
    },
    end() {},
  });
  const returned = await storm.returned(withinSeconds * 1000);
  await look();
  const { loopP99Ms } = strain();
  const entries = Math.round(perSec * warmSeconds) + before.sent + during.sent;
  const heard = await storm.heard(entries, LEVEL_WITHIN_MS);
  return accountOf(size, { letIn: ready + there, before, during, returned, heard, entries, loopP99Ms, looks });
}

function kill(peer: RunningPeer, storm: Storm): void {
  const [killed, left] = [peer.processes[KILLED], peer.targets[LEFT]];
  if (!killed || !left) throw new Error("There are no two workers");
  storm.killed(left);
  process.kill(killed.pid, "SIGKILL");
}
