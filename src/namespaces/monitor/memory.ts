import { readFileSync } from "node:fs";
import { join } from "node:path";
import { totalmem } from "node:os";
import { toPercent, type Sample } from "./sample.ts";

/** Where Linux mounts the control groups. In a container its root is the container's own. */
const CGROUPS = "/sys/fs/cgroup";

interface ContainerMemory {
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** Version 2 first, then version 1: which files tell the limit, the usage, and the part of it that the kernel drops when it needs to. */
const VERSIONS = [
  { limit: "memory.max", usage: "memory.current", stat: "memory.stat", reclaimable: /^inactive_file (\d+)$/m },
  {
    limit: "memory/memory.limit_in_bytes",
    usage: "memory/memory.usage_in_bytes",
    stat: "memory/memory.stat",
    reclaimable: /^total_inactive_file (\d+)$/m,
  },
] as const;

/**
 * The memory of the container that this process runs in, or nothing where no limit below the host's own size holds.
 * `systeminformation` knows the host alone. The files are answered by the kernel from memory, hence without a promise.
 */
export function readContainerMemory(hostBytes: number, root = CGROUPS): ContainerMemory | undefined {
  for (const { limit, usage, stat, reclaimable } of VERSIONS) {
    // No limit is "max" in version 2, and a number that no machine has in version 1.
    const totalBytes = Number(read(join(root, limit)) ?? Number.NaN);
    const current = read(join(root, usage));
    if (!(totalBytes > 0 && totalBytes < hostBytes) || current === undefined) continue;
    // A file that was read once counts as usage until the kernel wants the page back: it is not what a container dies of.
    const inactiveBytes = Number(reclaimable.exec(read(join(root, stat)) ?? "")?.[1] ?? 0);
    return { totalBytes, usedBytes: Math.max(0, Number(current) - inactiveBytes) };
  }
  return undefined;
}

/** How much memory there is to use: the container's, where there is a limit, else the host's. */
export function memoryBytes(): number {
  return readContainerMemory(totalmem())?.totalBytes ?? totalmem();
}

/** What the host says, unless the process lives in less. `available` is what could be had without swapping. */
export function toMemory({ total, available }: { total: number; available: number }, root = CGROUPS): Sample["memory"] {
  const container = readContainerMemory(total, root);
  const { totalBytes, usedBytes } = container ?? { totalBytes: total, usedBytes: total - available };
  return {
    totalBytes,
    usedBytes,
    usedPercent: toPercent(usedBytes, totalBytes),
    scope: container ? "container" : "host",
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
