import type { ReadUsage, Usage } from "../measure.ts";
import type { Counted } from "../peer.ts";
import { cpuOf, machineTimes, residentBytesOf, writesOf } from "./proc.ts";
import { readRedisCommands } from "./redis-commands.ts";

/**
 * Reads what processes have used up: all of `/proc` at once when it is called, and Redis's counters right after. Processes that write by
 * other calls than those which the kernel counts are not in `writes`.
 * @throws where one of the processes is gone, or Redis does not answer
 */
export const readUsage: ReadUsage = async (processes, redisUrl) => {
  const read = readProc(processes);
  return { ...read, redisCommands: redisUrl === undefined ? 0 : await readRedisCommands(redisUrl) };
};

function readProc(processes: readonly Counted[]): Omit<Usage, "redisCommands"> {
  const each = <Value>(of: (pid: number) => Value, which = processes) =>
    new Map(which.map(({ name, pid }) => [name, of(pid)]));
  return {
    atNs: process.hrtime.bigint(),
    cpu: each(cpuOf),
    writes: each(
      writesOf,
      processes.filter(({ sends }) => !sends),
    ),
    rss: each(residentBytesOf),
    machine: machineTimes(),
  };
}
