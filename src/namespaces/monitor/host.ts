import { readFile, statfs } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release, type } from "node:os";
import type { currentLoad as CurrentLoad } from "systeminformation";
import { memoryBytes, toMemory } from "./memory.ts";
import { toPercent, toTenth, type Sample } from "./sample.ts";

export type HostReading = Pick<Sample, "cpu" | "memory" | "disk" | "network">;

interface NetworkBytes {
  readonly rxBytes: number;
  readonly txBytes: number;
  /** Monotonic, so that a step of the wall clock is no burst. */
  readonly atMs: number;
}

/** What of a host does not change from one second to the next. */
export interface HostFacts {
  readonly os: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** Reads the host again and again. Rates and percentages are over the time since the reading before. */
export interface HostMeter {
  read(): Promise<HostReading>;
}

export function describeHost(): HostFacts {
  return { os: `${type()} ${release()}`, cores: cpus().length || availableParallelism(), memoryBytes: memoryBytes() };
}

/**
 * Loads `systeminformation` (some 50 ms and 10 MB, spent only where somebody watches) and takes the first reading.
 *
 * Of it only what reads without a shell is called. On Linux `currentLoad` blocks the event loop for a synchronous shell each time
 * and adds ticks to milliseconds; `networkStats` starts eight programs; `fsSize` runs `df` over every mount, and hangs with a dead
 * one. What they would tell is read from where they read it.
 */
export async function openHostMeter({ cores }: HostFacts): Promise<HostMeter> {
  const { currentLoad, mem } = await import("systeminformation");
  const readCpu = process.platform === "linux" ? cpuFromProc() : cpuFrom(currentLoad);
  const readNetwork = networkFromProc();
  await Promise.all([readCpu(), readNetwork()]);
  return {
    async read() {
      const [percent, memory, disk, network] = await Promise.all([readCpu(), mem(), readDisk(), readNetwork()]);
      return {
        cpu: { percent, load1: Math.round((loadavg()[0] ?? 0) * 100) / 100, cores },
        memory: toMemory(memory),
        ...(disk && { disk }),
        ...(network && { network }),
      };
    },
  };
}

/** Elsewhere than on Linux it asks the kernel, not a shell. Its first call takes half a second. */
function cpuFrom(currentLoad: typeof CurrentLoad): () => Promise<number> {
  return async () => toTenth((await currentLoad()).currentLoad);
}

/** The share of the time, over all cores, that was not idle. Waiting for a disk is idle; time that another guest stole is not. */
function cpuFromProc(): () => Promise<number> {
  let before = { busy: 0, total: 0 };
  return async () => {
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] =
      await readCpuTicks();
    const busy = user + nice + system + irq + softirq + steal;
    const now = { busy, total: busy + idle + iowait };
    const percent = toPercent(now.busy - before.busy, now.total - before.total);
    before = now;
    return percent;
  };
}

/** The two columns after these, of guests, are counted in `user` and `nice` already. */
async function readCpuTicks(): Promise<number[]> {
  const stat = await readFile("/proc/stat", "utf8");
  return stat.slice(0, stat.indexOf("\n")).split(/\s+/).slice(1, 9).map(Number);
}

/** The file system at the root, as `df` counts it: what is kept for the superuser is neither used nor free. */
async function readDisk(): Promise<Sample["disk"]> {
  // Where a sandbox forbids the call, a sample without a disk is worth more than none.
  const stats = await statfs("/").catch(() => undefined);
  if (!stats || stats.blocks === 0) return undefined;
  const { bsize, blocks, bfree, bavail } = stats;
  const used = blocks - bfree;
  return { totalBytes: blocks * bsize, usedBytes: used * bsize, usedPercent: toPercent(used, used + bavail) };
}

/** Over the interfaces that lead out of the host; bridges and containers behind them would count the same bytes again. */
function networkFromProc(): () => Promise<Sample["network"]> {
  let before: NetworkBytes | undefined;
  return async () => {
    const now = await readNetworkBytes();
    const since = before;
    before = now;
    if (!now || !since) return undefined;
    const elapsedSec = (now.atMs - since.atMs) / 1000;
    // Counters start again from 0 when an interface does.
    const perSec = (grown: number) => Math.max(0, Math.round(grown / elapsedSec));
    return { rxBytesPerSec: perSec(now.rxBytes - since.rxBytes), txBytesPerSec: perSec(now.txBytes - since.txBytes) };
  };
}

/** Nothing where the system is another, or no interface leads out. */
async function readNetworkBytes(): Promise<NetworkBytes | undefined> {
  const files = await Promise.all([readFile("/proc/net/route", "utf8"), readFile("/proc/net/dev", "utf8")]).catch(
    () => undefined,
  );
  if (!files) return undefined;
  const [routes, devices] = files.map((text) => text.split("\n").map((line) => line.trim().split(/[\s:]+/)));
  const outward = new Set(routes?.filter(([, destination]) => destination === "00000000").map(([name]) => name));
  const rows = devices?.filter(([name]) => outward.has(name)) ?? [];
  if (rows.length === 0) return undefined;
  const sum = (column: number) => rows.reduce((bytes, row) => bytes + Number(row[column]), 0);
  return { rxBytes: sum(1), txBytes: sum(9), atMs: performance.now() };
}
