import { crowd, timetable } from "./crowd.ts";
import * as figure from "./figures.ts";
import { sendByTimetable } from "./traffic.ts";
import { asTheyAre, type Workload } from "./workload.ts";

interface Size {
  readonly rooms: number;
  /** Who hear it, on the other worker; the one who sends is not in the room. */
  readonly members: number;
  readonly perSec: number;
}

/** From a sender on one worker to members on the other. */
export const crossWorker = ({ rooms, members, perSec }: Size): Workload => ({
  name: `cross-worker-${perSec}`,
  about: `${rooms} rooms, each with a sender on one worker and ${members} members on the other, ${perSec} messages/s of all rooms together: one way, from when a message was due.`,
  workers: 2,
  sampleOneIn: 1,
  timed: true,
  contenders: asTheyAre("carillon-redis", "stock-stored", "stock-classic"),
  shows: [figure.P50, figure.P99, figure.P999, figure.MAX, figure.CPU_PER_MESSAGE, figure.REDIS_PER_MESSAGE],
  async run(stage) {
    const hearing = await crowd(stage, { rooms, size: members, target: () => 1 });
    const sending = await Promise.all(hearing.rooms.map((_, index) => stage.client(`sender-${index}`, [], 0)));
    const first = hearing.clients.length;
    const table = timetable(hearing, { turnsPerSec: perSec, seconds: stage.pace.seconds });
    const senders = sending.map((_, index) => [first + index]);
    return sendByTimetable(stage, [...hearing.clients, ...sending], { ...table, senders });
  },
});
