import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { startRedis } from "../kit/redis.ts";
import { startLoad } from "./load/index.ts";
import { readUsage } from "./measure/index.ts";
import type { Peer } from "./peer.ts";
import { peers, tokenOf } from "./peers/index.ts";
import type { Contender, Pace, Stage, Workload } from "./workloads/workload.ts";

/** Of so many clients, one has every frame looked into, which costs the load generator a little. */
const SAMPLE_ONE_IN = 20;

export interface StageOptions {
  readonly pace: Pace;
  /** Each worker on a core of its own, as far as there are any; the load generator and Redis on the other, if one is left. */
  readonly pinned: boolean;
  readonly countsJson: boolean;
}

/** @throws RangeError where there is no such peer */
export function peerOf({ peer }: Contender): Peer {
  const found = new Map<string, Peer>(Object.entries(peers)).get(peer);
  if (!found) throw new RangeError(`There is no peer ${peer}: ${Object.keys(peers).join(", ")}`);
  return found;
}

/** Starts a contender, its Redis and a load generator, all afresh, and stops them when `act` is through. */
export async function onStage<Result>(
  { workers: usual, sampleOneIn = SAMPLE_ONE_IN, timed = false, collects = false }: Workload,
  contender: Contender,
  { pace, pinned, countsJson }: StageOptions,
  act: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const peer = peerOf(contender);
  const isCarillon = peer.wire.name === "carillon";
  const workers = contender.workers ?? usual;
  const { cores, rest } = placement(workers, pinned);

  await using redis = peer.needsRedis ? await startRedis() : undefined;
  using _ = redis && atExit(() => void redis.kill());
  if (redis && rest !== undefined) pin(redis.pid, rest);
  await using running = await peer.start({
    workers,
    redisUrl: redis?.url,
    countJson: countsJson,
    collects,
    ...(cores && { cores }),
    ...(contender.env && { env: contender.env }),
  });
  await using load = await startLoad({
    wire: contender.wire ?? peer.wire.name,
    targets: running.targets,
    sampleOneIn,
    ...(running.publishUrl !== undefined && { publishUrl: running.publishUrl }),
    ...(rest !== undefined && { core: rest }),
  });
  const processes = [...running.processes, ...(redis ? [{ name: "redis", pid: redis.pid }] : [])];
  return await act({
    contender,
    peer: running,
    load,
    redisUrl: redis?.url,
    processes,
    pace,
    countsJson,
    timed,
    ordered: isCarillon,
    usage: () => readUsage(processes, redis?.url),
    async client(user, rooms, target = 0) {
      return { user, rooms, target, ...(isCarillon && { token: await tokenOf(user) }) };
    },
  });
}

/** Workers take the cores in turn; what is beside them takes the last one, unless a worker has it. */
function placement(workers: number, pinned: boolean): { cores?: readonly number[]; rest?: number } {
  const count = availableParallelism();
  if (!pinned || count < 2) return {};
  const cores = Array.from({ length: workers }, (_, worker) => worker % count);
  return workers < count ? { cores, rest: count - 1 } : { cores };
}

/** Whatever ends this process: what it has started must not be left behind. Peers and load generators see to that themselves. */
function atExit(act: () => void): Disposable {
  process.once("exit", act);
  return { [Symbol.dispose]: () => void process.off("exit", act) };
}

function pin(pid: number, core: number): void {
  const { status, stderr } = spawnSync("taskset", ["-acp", String(core), String(pid)], { encoding: "utf8" });
  if (status !== 0) throw new Error(`taskset: ${stderr}`);
}
