import { setImmediate, setTimeout } from "node:timers/promises";
import { seededRandom } from "../../kit/random.ts";
import { compose } from "./message.ts";
import type { End } from "./way.ts";

/** When messages are sent: fixed beforehand, so that a slow way is not spared what comes while it is slow. */
export interface Timetable {
  readonly messages: number;
  /** So many are due at the same time. */
  readonly burst: number;
  /** On average; the times themselves are random (a Poisson process), so that they fall into no step with a poll. */
  readonly burstsPerSec: number;
  readonly seed: number;
}

/** Timers are a millisecond coarse: what is left is waited for in turns of the event loop, so that it is not taken for latency. */
const AWAKE_BEFORE_MS = 2;
const HEAD_START_NS = 20_000_000n;

/** The time of each message, in nanoseconds from the beginning. */
export function dueTimes({ messages, burst, burstsPerSec, seed }: Timetable): bigint[] {
  const random = seededRandom(seed);
  const times: bigint[] = [];
  let at = 0;
  while (times.length < messages) {
    at += (-Math.log(1 - random.next()) / burstsPerSec) * 1e9;
    for (let of = 0; of < burst && times.length < messages; of++) times.push(BigInt(Math.round(at)));
  }
  return times;
}

/** Sends it all. @returns how late each message was given on its way, in nanoseconds */
export async function sendBy(timetable: Timetable, end: End): Promise<number[]> {
  const begin = process.hrtime.bigint() + HEAD_START_NS;
  const late: number[] = [];
  for (const [index, time] of dueTimes(timetable).entries()) {
    const due = begin + time;
    await until(due);
    late.push(Number(process.hrtime.bigint() - due));
    end.send(compose(index + 1, due));
  }
  return late;
}

async function until(due: bigint): Promise<void> {
  for (;;) {
    const leftMs = Number(due - process.hrtime.bigint()) / 1e6;
    if (leftMs <= 0) return;
    await (leftMs > AWAKE_BEFORE_MS ? setTimeout(leftMs - AWAKE_BEFORE_MS) : setImmediate());
  }
}
