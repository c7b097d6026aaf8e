import { crowd, timetable } from "./crowd.ts";
import * as figure from "./figures.ts";
import { sendByTimetable } from "./traffic.ts";
import { asTheyAre, carillonWith, type Workload } from "./workload.ts";

interface Size {
  /** As many messages a second as there are rooms. */
  readonly rooms: number;
  readonly members: number;
}

/** So few messages that one window has too few of them for a percentile. */
const WINDOWS = 3;

/** One message a second in each room: nothing to gather, so gathering must not cost any time. */
export const lowRate = ({ rooms, members }: Size): Workload => ({
  name: "low-rate",
  about: `${rooms} rooms of ${members}, one message a second in each, one after another; ${WINDOWS} times as long as other workloads.`,
  workers: 1,
  sampleOneIn: 1,
  timed: true,
  contenders: [...asTheyAre("carillon", "stock", "ws", "uws"), carillonWith("FAN_OUT", "handle")],
  shows: [figure.P50, figure.P99, figure.P999, figure.MAX, figure.CPU_PER_DELIVERY],
  async run(stage) {
    const all = await crowd(stage, { rooms, size: members });
    const seconds = WINDOWS * stage.pace.seconds;
    return sendByTimetable(stage, all.clients, timetable(all, { turnsPerSec: rooms, seconds }));
  },
});
