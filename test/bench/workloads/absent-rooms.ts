import { setTimeout as wait } from "node:timers/promises";
import { cpuBetween } from "../measure/index.ts";
import { crowd, timetable } from "./crowd.ts";
import * as figure from "./figures.ts";
import { letIn, outcomeOf, watched } from "./traffic.ts";
import { asTheyAre, type Workload } from "./workload.ts";

interface Size {
  readonly rooms: number;
  readonly members: number;
  readonly perSec: number;
  /** Clients of the worker that the rooms are not on, in rooms of their own. */
  readonly idle: number;
}

/** The worker that the rooms are not on. */
const isAbsent = (process: string) => process === "worker 1";

/** All the traffic is in rooms of one worker: what it costs the other. */
export const absentRooms = ({ rooms, members, perSec, idle }: Size): Workload => ({
  name: "absent-rooms",
  about: `${rooms} rooms of ${members} on one of two workers, ${perSec} messages/s; ${idle} clients in other rooms on the other worker, whose CPU counts here, without what it takes when nobody sends.`,
  workers: 2,
  contenders: asTheyAre("carillon-redis", "stock-classic", "stock-sharded", "ws-redis"),
  shows: [figure.ABSENT_CPU_PER_MESSAGE, figure.CPU_PER_MESSAGE, figure.REDIS_PER_MESSAGE],
  async run(stage) {
    const all = await crowd(stage, { rooms, size: members });
    const others = await Promise.all(
      Array.from({ length: idle }, (_, index) => stage.client(`idle-${index}`, [`quiet-${index % 10}`], 1)),
    );
    const out = await letIn(stage, [...all.clients, ...others]);
    if (out !== undefined) return { figures: {}, void: out };
    const { seconds, warmSeconds } = stage.pace;

    // What letting everybody in leaves to be done is done in here, as everywhere in what warms up.
    await wait(warmSeconds * 1000);
    const before = await stage.usage();
    await wait(seconds * 1000);
    const idleSeconds = cpuBetween(before, await stage.usage(), isAbsent).total;

    const table = timetable(all, { turnsPerSec: perSec, seconds });
    const [delivered, window] = await watched(stage, (edges) => stage.load.drive(table, warmSeconds, edges));
    const outcome = outcomeOf(stage, delivered, window, seconds);
    const busySeconds = cpuBetween(window.begin, window.end, isAbsent).total;
    const perMessage = ((busySeconds - idleSeconds) * 1e6) / delivered.sent;
    return { ...outcome, figures: { ...outcome.figures, [figure.ABSENT_CPU_PER_MESSAGE]: perMessage } };
  },
});
