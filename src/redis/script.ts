import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Client } from "./clients.ts";

/** A Lua script: one atomic step. All its keys lie in one slot. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/**
 * Reads a script that lies beside the module which calls this: `readScript(import.meta.url, "lua/append.lua")`. One of several files has
 * what they share first.
 */
export function readScript(base: string, ...paths: readonly string[]): Script {
  const source = paths.map((path) => readFileSync(new URL(path, base), "utf8")).join("\n");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}

/** Lua has no Infinity that it would read. */
export const whole = (value: number) => Math.min(value, Number.MAX_SAFE_INTEGER);

/** Runs it by its digest, and sends its source where Redis does not know it (any more). */
export async function runScript(
  client: Client,
  { source, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return client.eval(source, keys.length, ...keys, ...args);
  }
}
