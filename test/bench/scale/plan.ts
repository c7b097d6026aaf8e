import { runRounds } from "../rounds.ts";
import * as common from "../workloads/figures.ts";
import type { Workload } from "../workloads/workload.ts";
import * as figure from "./figures.ts";
import { fullWorker, type FullWorkerSize } from "./full-worker.ts";
import { growth, type GrowthSize } from "./growth.ts";
import { manyRooms, type ManyRoomsSize } from "./many-rooms.ts";
import { type Part, partOf } from "./part.ts";
import { workerKilled, type StormSize } from "./storm/worker-killed.ts";
import { subscribers, type SubscribersSize } from "./subscribers.ts";

/** How large each part is. */
export interface Sizes {
  readonly memory: FullWorkerSize;
  readonly redis: FullWorkerSize;
  readonly storm: StormSize;
  readonly rooms: ManyRoomsSize;
  readonly growth: GrowthSize;
  readonly subscribers: SubscribersSize;
  readonly pinned: boolean;
}

export type PartName = Exclude<keyof Sizes, "pinned">;

/** About five minutes in all, on two cores. */
export const FULL: Sizes = {
  memory: {
    connections: 15_000,
    first: 5_000,
    rooms: 50,
    roomsEach: 5,
    settleSeconds: 3,
    idleSeconds: 30,
    perSec: 20,
    seconds: 10,
    warmSeconds: 3,
  },
  redis: {
    connections: 5_000,
    first: 2_000,
    rooms: 50,
    roomsEach: 5,
    settleSeconds: 3,
    idleSeconds: 15,
    perSec: 50,
    seconds: 8,
    warmSeconds: 2,
  },
  storm: {
    clients: 5_000,
    rooms: 50,
    roomsEach: 1,
    others: 300,
    perSec: 50,
    warmSeconds: 2,
    beforeSeconds: 5,
    seconds: 10,
    withinSeconds: 60,
  },
  rooms: {
    clients: 100,
    roomsEach: 100,
    first: 10,
    settleSeconds: 3,
    idleSeconds: 12,
    perSec: 1_000,
    seconds: 8,
    // Each room has its first message by then, which is another matter: it makes every worker look into the log.
    warmSeconds: 10,
  },
  growth: { rooms: [10, 10_000], members: 10, perSec: 1_000, pace: { warmSeconds: 2, seconds: 6 }, pinned: true },
  subscribers: { few: 2, many: 32, messages: 20_000 },
  pinned: true,
};

/** What each part does, in the order in which they are done. */
export const PARTS: Readonly<Record<PartName, (sizes: Sizes) => Promise<Part>>> = {
  memory: (sizes) => once(fullWorker("carillon", sizes.memory), sizes),
  redis: (sizes) => once(fullWorker("carillon-redis", sizes.redis), sizes),
  storm: (sizes) => workerKilled(sizes.storm),
  rooms: (sizes) => once(manyRooms(sizes.rooms), sizes),
  growth: (sizes) => growth(sizes.growth),
  subscribers: (sizes) => subscribers(sizes.subscribers),
};

/** Run for one round: what a round is void for is said beside its figures. */
async function once(workload: Workload, { pinned }: Sizes): Promise<Part> {
  // Each workload here has times of its own.
  const options = { rounds: 1, repeats: 0, pace: { warmSeconds: 0, seconds: 0 }, pinned, told() {} };
  const { samples } = await runRounds(workload, options);
  const [sample] = samples;
  if (!sample) throw new Error(`${workload.name} cannot run here`);
  const { figures, void: why } = sample;
  const isWhole = figures[common.DELIVERIES] !== undefined && figures[common.DELIVERIES] === figures[figure.EXPECTED];
  return partOf(workload.about, figures, isWhole ? { disturbed: why } : { failed: why ?? "not all was delivered" });
}
