import { setTimeout as wait } from "node:timers/promises";
import { exceptRedis, residentBytes } from "../measure/index.ts";
import type { LoadClient } from "../load.ts";
import * as figure from "./figures.ts";
import { letIn } from "./traffic.ts";
import { asTheyAre, type Stage, type Workload } from "./workload.ts";

interface Size {
  /** How many connections there are when memory is looked at, going up: the slope is that from the second on. */
  readonly steps: readonly [number, number, ...number[]];
  readonly roomsEach: number;
  /** Members of each room. */
  readonly members: number;
}

/** For what letting in has left to be done: presence that is gathered, timers, sockets of the handshake. */
const SETTLE_MS = 5_000;

/** Resident memory by connections, which are idle; garbage is collected before it is looked at. */
export const connections = (size: Size): Workload => ({
  name: "connections",
  about: `${size.steps.join(", ")} clients, each in ${size.roomsEach} rooms of ${size.members}; resident memory after garbage was collected, and its slope from the second of these numbers to the last.`,
  workers: 1,
  contenders: asTheyAre("carillon", "stock", "ws", "uws"),
  collects: true,
  shows: [figure.RSS_PER_CONNECTION, ...size.steps.map(figure.rssAt)],
  async run(stage) {
    const resident: Record<string, number> = {};
    let there = 0;
    for (const count of size.steps) {
      const out = await letIn(stage, await newcomers(stage, there, count, size));
      if (out !== undefined) return { figures: {}, void: out };
      there = count;
      await wait(SETTLE_MS);
      await stage.peer.collect?.();
      resident[figure.rssAt(count)] = residentBytes(await stage.usage(), exceptRedis) / 2 ** 20;
    }
    const [, second] = size.steps;
    const slope = (resident[figure.rssAt(there)] ?? 0) - (resident[figure.rssAt(second)] ?? 0);
    return { figures: { ...resident, [figure.RSS_PER_CONNECTION]: (slope * 1024) / (there - second) } };
  },
});

/** Those of this count that are not there yet. As many clients as a room has members share all their rooms. */
function newcomers(stage: Stage, there: number, count: number, { roomsEach, members }: Size): Promise<LoadClient[]> {
  return Promise.all(
    Array.from({ length: count - there }, (_, index) => {
      const group = Math.floor((there + index) / members);
      const rooms = Array.from({ length: roomsEach }, (_each, room) => `room-${group}-${room}`);
      return stage.client(`user-${there + index}`, rooms);
    }),
  );
}
