import { readScript } from "../redis/script.ts";

const compose = (...names: readonly string[]) => readScript(import.meta.url, ...names.map((name) => `lua/${name}.lua`));

/** The scripts of the Redis log, each one atomic step. The files say what they take and answer. */
export const scripts = {
  append: compose("log", "open", "append"),
  head: compose("log", "open", "head"),
  kept: compose("log", "open", "kept"),
  resume: compose("log", "open", "resume"),
  find: compose("log", "find"),
  read: compose("log", "read"),
  messages: compose("log", "messages"),
  tally: compose("log", "tally"),
} as const;
