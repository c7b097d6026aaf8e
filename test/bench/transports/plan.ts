import {
  demandAll,
  figuresOf,
  lateP99Ms,
  MAX_LATE_MS,
  type ByWorkload,
  type Plan,
  type WayResults,
} from "./results.ts";
import type { Way } from "./way.ts";
import {
  type Course,
  type Direction,
  DIRECTIONS,
  measure,
  measureIdle,
  type Workload,
  workloadsOf,
} from "./workloads.ts";

/**
 * Measures each workload by one way after the other, round after round, so that what the machine does meanwhile falls on all of them.
 *
 * @throws {Error} where a message was lost or came twice
 */
export async function runPlan(ways: readonly Way[], plan: Plan, tell: (line: string) => void): Promise<WayResults[]> {
  const { messages, perSec, rounds, idleSec, seed, headers } = plan;
  tell(`${idleSec} s without messages, all ways side by side …`);
  const idles = await measureIdle(ways, idleSec, headers);
  const workloads = workloadsOf(messages, perSec, seed);
  const courses = new Map<string, Course[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const workload of workloads) {
      for (const way of ways) {
        tell(`round ${round} of ${rounds}, ${workload.name}: ${way.name} …`);
        const measured = await measureUndisturbed(way, workload, headers, tell);
        for (const direction of DIRECTIONS) {
          const key = keyOf(way, workload, direction);
          courses.set(key, [...(courses.get(key) ?? []), measured[direction]]);
        }
      }
    }
  }
  return ways.map((way, index) => {
    const idle = idles[index];
    if (!idle) throw new Error(`${way.name} was not measured.`);
    return { name: way.name, how: way.how, courses: byWorkload(way, workloads, courses), ...idle };
  });
}

/** Once more, where the machine was busy with something else: the senders show it, and not by what the way is like. */
async function measureUndisturbed(
  way: Way,
  workload: Workload,
  headers: Plan["headers"],
  tell: (line: string) => void,
) {
  const measured = await measure(way, workload, headers);
  const lateMs = Math.max(...DIRECTIONS.map((direction) => lateP99Ms(measured[direction].late)));
  if (lateMs <= MAX_LATE_MS) return measured;
  tell(`… once more: senders were ${lateMs.toFixed(0)} ms late`);
  return await measure(way, workload, headers);
}

const keyOf = (way: Way, workload: Workload, direction: Direction) => `${way.name} ${workload.name} ${direction}`;

function byWorkload(
  way: Way,
  workloads: readonly Workload[],
  courses: ReadonlyMap<string, readonly Course[]>,
): ByWorkload {
  const entries = workloads.map((workload) => {
    const both = DIRECTIONS.map((direction) => {
      const figures = figuresOf(courses.get(keyOf(way, workload, direction)) ?? []);
      demandAll(way.name, figures);
      return [direction, figures] as const;
    });
    return [workload.name, Object.fromEntries(both)] as const;
  });
  return Object.fromEntries(entries) as ByWorkload;
}
