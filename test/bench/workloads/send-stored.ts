import { crowd, timetable } from "./crowd.ts";
import * as figure from "./figures.ts";
import { sendByTimetable } from "./traffic.ts";
import { asTheyAre, type Workload } from "./workload.ts";

interface Size {
  readonly rooms: number;
  readonly members: number;
  readonly perSec: number;
}

/** What a chat does all day: a message is stored, acknowledged and told to a room whose members are on both workers. */
export const sendStored = ({ rooms, members, perSec }: Size): Workload => ({
  name: "send-stored",
  about: `${rooms} rooms of ${members}, half of the members on each of two workers, ${perSec} messages/s: stored, acknowledged, told to all.`,
  workers: 2,
  contenders: asTheyAre("carillon-redis", "stock-stored", "stock-classic", "ws-redis"),
  countsJson: true,
  shows: [
    figure.CPU_PER_MESSAGE,
    figure.REDIS_CPU_PER_MESSAGE,
    figure.REDIS_PER_MESSAGE,
    figure.WRITES_PER_DELIVERY,
    figure.SWAPPED,
    figure.JSON_PARSED_PER_MESSAGE,
    figure.JSON_STRINGIFIED_PER_MESSAGE,
    figure.P50,
    figure.P99,
  ],
  async run(stage) {
    const all = await crowd(stage, { rooms, size: members, target: (member) => member % 2 });
    return sendByTimetable(stage, all.clients, timetable(all, { turnsPerSec: perSec, seconds: stage.pace.seconds }));
  },
});
