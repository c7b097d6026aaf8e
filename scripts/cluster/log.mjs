import { closeSync, openSync, readSync, statSync } from "node:fs";

const MAX_BYTES = 8_192;

/** How long each file is now. */
export function markLogs(paths) {
  return new Map(paths.map((path) => [path, sizeOf(path)]));
}

/** The last lines that were written to files since they were marked. */
export function lastLines(marks, count = 20) {
  const texts = [...marks].map(([path, from]) => readTail(path, from));
  return texts
    .flatMap((text) => text.trimEnd().split("\n").slice(-count))
    .filter((line) => line !== "")
    .join("\n");
}

function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readTail(path, from) {
  const size = sizeOf(path);
  const start = Math.max(from, size - MAX_BYTES);
  if (size <= start) return "";
  const file = openSync(path);
  try {
    const buffer = Buffer.alloc(size - start);
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, start));
  } finally {
    closeSync(file);
  }
}
