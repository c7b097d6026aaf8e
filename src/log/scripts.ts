import { createHash } from "node:crypto";
import { readScript, type Script } from "../redis/script.ts";

/** A script of several files: what is shared comes first. */
function compose(...names: readonly string[]): Script {
  const source = names.map((name) => readScript(import.meta.url, `lua/${name}.lua`).source).join("\n");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}

/** The scripts of the Redis log, each one atomic step. The files say what they take and answer. */
export const scripts = {
  append: compose("log", "open", "append"),
  head: compose("log", "open", "head"),
  kept: compose("log", "open", "kept"),
  resume: compose("log", "open", "resume"),
  find: compose("log", "find"),
  read: compose("log", "read"),
  messages: compose("log", "messages"),
  count: compose("log", "count"),
} as const;
