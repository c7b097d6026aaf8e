import { setTimeout } from "node:timers/promises";
import type { Received } from "./inbox.ts";
import { connectPair, type Pair, type Setting } from "./pair.ts";
import type { Timetable } from "./timetable.ts";
import type { Traffic } from "./traffic.ts";
import type { Way } from "./way.ts";

/** `down` is from the server to the client. */
export type Direction = "down" | "up";

export const DIRECTIONS: readonly Direction[] = ["down", "up"];

export interface Workload {
  readonly name: WorkloadName;
  readonly roundTripMs: number;
  readonly timetable: Timetable;
}

export type WorkloadName = "steady" | "far" | "bursts";

/** The messages of one direction: what they took, and what came of them. */
export interface Course {
  readonly traffic: Traffic;
  readonly received: Received;
  /** How late messages were given on their way, in nanoseconds. */
  readonly late: readonly number[];
}

/** What a connection costs without messages. */
export interface Idle {
  readonly connecting: Traffic;
  readonly idle: Traffic;
}

const WARM_UP: Timetable = { messages: 100, burst: 1, burstsPerSec: 250, seed: 1 };
const PATIENCE_MS = 10_000;
export const ROUND_TRIP_MS = 50;
export const BURST = 10;

/** Three times the same messages: one by one, the same at a distance, and there several at once, as many each second. */
export function workloadsOf(messages: number, perSec: number, seed: number): readonly Workload[] {
  const single: Timetable = { messages, burst: 1, burstsPerSec: perSec, seed };
  const bursts: Timetable = { messages, burst: BURST, burstsPerSec: perSec / BURST, seed };
  return [
    { name: "steady", roundTripMs: 0, timetable: single },
    { name: "far", roundTripMs: ROUND_TRIP_MS, timetable: single },
    { name: "bursts", roundTripMs: ROUND_TRIP_MS, timetable: bursts },
  ];
}

/** One direction after the other, over one connection that is open all the time. */
export async function measure(way: Way, workload: Workload, headers: Setting["headers"]) {
  await using pair = await connectPair(way, { roundTripMs: workload.roundTripMs, headers });
  for (const direction of DIRECTIONS) await course(pair, direction, WARM_UP);
  return {
    down: await course(pair, "down", workload.timetable),
    up: await course(pair, "up", workload.timetable),
  } satisfies Record<Direction, Course>;
}

async function course(pair: Pair, direction: Direction, timetable: Timetable): Promise<Course> {
  const [from, to] = direction === "down" ? [pair.server, pair.client] : [pair.client, pair.server];
  const { messages } = timetable;
  await to.tell("clear");
  await pair.server.tell("traffic");
  const late = await from.tell("send", timetable);
  await to.tell("full", messages, PATIENCE_MS);
  await pair.quiet();
  const traffic = await pair.server.tell("traffic");
  return { traffic, received: await to.tell("received", messages), late };
}

/** All ways side by side: nothing of it is a time. */
export function measureIdle(ways: readonly Way[], seconds: number, headers: Setting["headers"]): Promise<Idle[]> {
  return Promise.all(
    ways.map(async (way) => {
      await using pair = await connectPair(way, { roundTripMs: 0, headers });
      await setTimeout(seconds * 1_000);
      return { connecting: pair.connecting, idle: await pair.server.tell("traffic") };
    }),
  );
}
