import { readFileSync } from "node:fs";

/** `USER_HZ`, in which the kernel tells CPU times on every architecture that Node runs on. */
const TICKS_PER_SEC = 100;

export interface CpuTimes {
  readonly user: number;
  readonly system: number;
}

/** Seconds of CPU of a process, all its threads, those that have ended too; children of its own not. @throws where it is gone */
export function cpuOf(pid: number): CpuTimes {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // After the program's name, which may have spaces and parentheses in it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { user: Number(fields[11]) / TICKS_PER_SEC, system: Number(fields[12]) / TICKS_PER_SEC };
}

/** Calls of `write`, `writev` and their like that a process has made, on whatever file; those that failed too. */
export function writesOf(pid: number): number {
  return field(`/proc/${pid}/io`, "syscw");
}

/** Bytes of a process that are in memory. */
export function residentBytesOf(pid: number): number {
  return field(`/proc/${pid}/status`, "VmRSS") * 1024;
}

function field(path: string, name: string): number {
  const [, value] = new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(readFileSync(path, "latin1")) ?? [];
  if (value === undefined) throw new Error(`${path} has no ${name}`);
  return Number(value);
}

export interface MachineTimes {
  readonly busy: number;
  readonly steal: number;
  readonly total: number;
}

/** Seconds of all cores since the machine started. Waiting for disks is idle; what guests had is in `user` and `nice` already. */
export function machineTimes(): MachineTimes {
  const [line = ""] = readFileSync("/proc/stat", "latin1").split("\n", 1);
  const seconds = line
    .split(/\s+/)
    .slice(1, 9)
    .map((ticks) => Number(ticks) / TICKS_PER_SEC);
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft = 0, steal = 0] = seconds;
  const busy = user + nice + system + interrupts + soft;
  return { busy, steal, total: busy + idle + waiting + steal };
}
