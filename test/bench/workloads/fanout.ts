import { crowd, timetable } from "./crowd.ts";
import * as figure from "./figures.ts";
import { sendByTimetable } from "./traffic.ts";
import { asTheyAre, carillonWith, type Workload } from "./workload.ts";

/** Each of Carillon's techniques added to those before it; by default it has all of them. */
const TECHNIQUES = ["stock", "frame", "direct", "turn", "room", "handle", "lone", "native"].map((way) =>
  carillonWith("FAN_OUT", way),
);

interface Size {
  readonly rooms: number;
  /** Members of each. */
  readonly members: number;
  /** Of all rooms together; how many messages a turn has is the workload's. */
  readonly turnsPerSec: number;
}

/** A room's messages to its members, on one worker, everything in memory. */
function fanOut(
  name: string,
  about: string,
  { rooms, members, turnsPerSec }: Size,
  { burst = 1, senders = 8 } = {},
): Workload {
  return {
    name,
    about,
    workers: 1,
    contenders: [...asTheyAre("carillon", "stock", "ws", "uws", "nchan"), ...TECHNIQUES],
    shows: [
      figure.CPU_PER_DELIVERY,
      figure.USER_PER_DELIVERY,
      figure.WRITES_PER_DELIVERY,
      figure.BYTES_PER_DELIVERY,
      figure.P50,
      figure.P99,
    ],
    async run(stage) {
      const all = await crowd(stage, { rooms, size: members });
      const { seconds } = stage.pace;
      return sendByTimetable(stage, all.clients, timetable(all, { burst, senders, turnsPerSec, seconds }));
    },
  };
}

export const fanoutSteady = (size: Size): Workload => {
  const { rooms, members, turnsPerSec } = size;
  const about = `${rooms} room of ${members}, ${turnsPerSec} messages/s, each in a turn of its own, its senders taking turns.`;
  return fanOut("fanout-steady", about, size);
};

const BURST = 8;

/** The messages of a burst come in one read, so that a server takes them in one turn. */
export const fanoutBurst = (size: Size): Workload => {
  const { rooms, members, turnsPerSec } = size;
  const about = `${rooms} rooms of ${members}, ${turnsPerSec} bursts/s of ${BURST} messages that one client sends at once.`;
  return fanOut("fanout-burst", about, size, { burst: BURST, senders: 1 });
};

/** Of as many clients in the same moment: how many come in one turn depends on when a server looks. */
export const fanoutCrowd = (size: Size): Workload => {
  const { rooms, members, turnsPerSec } = size;
  const about = `${rooms} rooms of ${members}, ${turnsPerSec} bursts/s of ${BURST} messages by ${BURST} senders in the same moment.`;
  return fanOut("fanout-crowd", about, size, { burst: BURST });
};

/** Where the system's share of a write is nearly all there is. */
export const smallRooms = (size: Size): Workload => {
  const { rooms, members, turnsPerSec } = size;
  return fanOut(`rooms-of-${members}`, `${rooms} rooms of ${members}, ${turnsPerSec} messages/s.`, size);
};
