import { readFileSync } from "node:fs";

/** Files, listening sockets, Redis, pipes: what a process has open besides its clients. */
const OTHERS = 200;

/** How many connections one process here may have: Node raises its own limit to the hard one. */
export function connectionLimit(): number {
  return limitIn(readFileSync("/proc/self/limits", "latin1")) - OTHERS;
}

/** The hard limit of open files in a `/proc/PID/limits`. */
export function limitIn(limits: string): number {
  const [, hard = "0"] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? [];
  return hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}
