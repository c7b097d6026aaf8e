import type { Usage } from "../measure.ts";
import type { CpuTimes } from "./proc.ts";

/** The name under which whoever started it counts Redis. */
const REDIS = "redis";

export type Which = (process: string) => boolean;

const all: Which = () => true;

/** The peer's own processes. */
export const exceptRedis: Which = (name) => name !== REDIS;
export const onlyRedis: Which = (name) => name === REDIS;

/** Between two readings of the same processes. */
export const secondsBetween = (begin: Usage, end: Usage): number => Number(end.atNs - begin.atNs) / 1e9;

/** Seconds of CPU that were used, by all processes together unless told which. */
export function cpuBetween(begin: Usage, end: Usage, which: Which = all): CpuTimes & { readonly total: number } {
  let user = 0;
  let system = 0;
  for (const [name, after] of end.cpu) {
    const before = begin.cpu.get(name);
    if (!before || !which(name)) continue;
    user += after.user - before.user;
    system += after.system - before.system;
  }
  return { user, system, total: user + system };
}

/** Calls of the peer's own processes that wrote, to clients and to Redis alike; nothing where those of one of them are not counted. */
export function writesBetween(begin: Usage, end: Usage): number | undefined {
  let writes = 0;
  for (const name of [...end.cpu.keys()].filter(exceptRedis)) {
    const [before, after] = [begin.writes.get(name), end.writes.get(name)];
    if (before === undefined || after === undefined) return undefined;
    writes += after - before;
  }
  return writes;
}

export const redisCommandsBetween = (begin: Usage, end: Usage): number => end.redisCommands - begin.redisCommands;

/** Resident bytes of all processes together, unless told which. */
export const residentBytes = ({ rss }: Usage, which: Which = all): number =>
  [...rss].reduce((total, [name, bytes]) => (which(name) ? total + bytes : total), 0);

/** Part of the whole machine's time, between 0 and 1, that a hypervisor gave to others. */
export function stealBetween(begin: Usage, end: Usage): number {
  return (end.machine.steal - begin.machine.steal) / machineSeconds(begin, end);
}

/** Part of the whole machine's time that went into processes other than those that were read; `own` seconds are no other's either. */
export function foreignBetween(begin: Usage, end: Usage, own: number): number {
  const busy = end.machine.busy - begin.machine.busy;
  return Math.max(0, busy - own - cpuBetween(begin, end).total) / machineSeconds(begin, end);
}

/** Of all cores together, and never nothing. */
const machineSeconds = (begin: Usage, end: Usage): number =>
  Math.max(end.machine.total - begin.machine.total, Number.EPSILON);
