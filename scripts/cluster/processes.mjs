import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { until } from "./wait.mjs";

/** A process that has ended and that nobody has taken notice of is not: in a container, that can be so for ever. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  return !isZombie(pid);
}

function isZombie(pid) {
  try {
    // After the name, which may hold anything.
    return /^.*\) Z /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** What a process runs, as `ps` shows it: a pid alone may have gone to somebody else. Empty where that cannot be told. */
export function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout?.trim() ?? "";
  }
}

/** The number in a pid file; `undefined` where there is none. */
export function readPid(path) {
  try {
    return Number.parseInt(readFileSync(path, "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}

export function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** Those of `pids` that are still there after `timeoutMs`. */
export async function survivors(pids, timeoutMs) {
  await until(() => !pids.some(isAlive), { timeoutMs });
  return pids.filter(isAlive);
}
