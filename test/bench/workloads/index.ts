import { absentRooms } from "./absent-rooms.ts";
import { acks, acksAtMost } from "./acks.ts";
import { connections } from "./connections.ts";
import { connects } from "./connects.ts";
import { crossWorker } from "./cross-worker.ts";
import { fanoutBurst, fanoutCrowd, fanoutSteady, smallRooms } from "./fanout.ts";
import { growthByRooms, growthByWorkers } from "./growth.ts";
import { lowRate } from "./low-rate.ts";
import { recovery } from "./recovery.ts";
import { sendStored } from "./send-stored.ts";
import type { Workload } from "./workload.ts";

/** All that is measured, at its full size: about a third of what the slowest contender could do on one core. */
export const WORKLOADS: readonly Workload[] = [
  fanoutSteady({ rooms: 1, members: 1000, turnsPerSec: 15 }),
  fanoutBurst({ rooms: 2, members: 500, turnsPerSec: 5 }),
  fanoutCrowd({ rooms: 2, members: 500, turnsPerSec: 5 }),
  smallRooms({ rooms: 100, members: 10, turnsPerSec: 1500 }),
  acks({ clients: 64, perSec: 3000 }),
  acksAtMost({ clients: 64 }),
  sendStored({ rooms: 10, members: 100, perSec: 150 }),
  absentRooms({ rooms: 50, members: 2, perSec: 2000, idle: 100 }),
  crossWorker({ rooms: 10, members: 5, perSec: 100 }),
  crossWorker({ rooms: 10, members: 5, perSec: 1000 }),
  connections({ steps: [0, 2000, 5000, 10_000], roomsEach: 5, members: 50 }),
  connects({ clients: 2000, atOnce: 64 }),
  recovery({ rooms: 100, members: 10, missed: 10 }),
  growthByRooms({ rooms: [10, 10_000], members: 10, perSec: 1000 }),
  growthByWorkers({ workers: [1, 2, 4], rooms: 10, members: 100, perSec: 100 }),
  lowRate({ rooms: 20, members: 5 }),
];
