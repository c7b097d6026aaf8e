import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { commandOf, isAlive } from "./processes.mjs";

/**
 * Takes a lock that is held until the process ends. Where somebody else holds it, gives that back: `{ pid, doing }`. Whoever
 * was killed in the meantime holds nothing.
 */
export function takeLock(path, doing) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, doing }), { mode: 0o600 });
  try {
    for (;;) {
      // A link appears at once and with its content: nobody reads a lock half written.
      if (link(own, path)) {
        process.once("exit", () => rmSync(path, { force: true }));
        return undefined;
      }
      const holder = readHolder(path);
      if (holder && isHolding(holder)) return holder;
      discard(path, holder);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

function link(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Where a command can be told, another process that got the same number is found out. */
function isHolding({ pid }) {
  if (!isAlive(pid)) return false;
  const command = commandOf(pid);
  return command === "" || command.includes("cluster.mjs");
}

/** Another may do the same at once, and have a lock of its own there already: what was moved away is looked at again. */
function discard(path, stale) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved && moved.pid !== stale?.pid) link(aside, path);
  rmSync(aside, { force: true });
}
