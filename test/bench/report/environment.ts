import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "../repository.ts";
import { TEXT_BYTES } from "../workloads/workload.ts";

/** What a figure depends on and does not say itself. */
export interface Environment {
  readonly commit: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  /** Programs and packages, with their versions. */
  readonly versions: Readonly<Record<string, string>>;
  /** Of a message's text. */
  readonly textBytes: number;
}

const PACKAGES = [
  "socket.io",
  "engine.io",
  "socket.io-adapter",
  "socket.io-parser",
  "ws",
  "@socket.io/redis-adapter",
  "ioredis",
];
const PEERS_PACKAGES = ["@socket.io/redis-streams-adapter", "@trufflesuite/uws-js-unofficial"];

export function readEnvironment(): Environment {
  const [first] = cpus();
  const versions = {
    ...versionsOf("node_modules", PACKAGES),
    ...versionsOf("test/bench/packages/node_modules", PEERS_PACKAGES),
    ...programs(),
  };
  return {
    commit: commit(),
    kernel: `${type()} ${release()}`,
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    versions,
    textBytes: TEXT_BYTES,
  };
}

/** Those that are installed. */
function versionsOf(folder: string, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    try {
      const manifest = readFileSync(join(REPOSITORY, folder, name, "package.json"), "utf8");
      found[name] = (JSON.parse(manifest) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return found;
}

function programs(): Record<string, string> {
  const redis = /v=(\S+)/.exec(printedBy("redis-server", "--version"))?.[1];
  const nginx = /nginx\/(\S+)/.exec(printedBy("nginx", "-v"))?.[1];
  return { ...(redis && { redis }), ...(nginx && { nginx }) };
}

/** Marked, where it is not the whole truth. */
function commit(): string {
  const head = printedBy("git", "rev-parse", "--short", "HEAD").trim();
  if (head === "") return "unknown";
  const changed =
    printedBy("git", "status", "--porcelain", "--", "src", "test/bench", "package-lock.json").trim() !== "";
  return changed ? `${head} with changes` : head;
}

/** Of both streams, since nginx tells its version on the second; nothing where the program is missing. */
function printedBy(program: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { cwd: REPOSITORY, encoding: "utf8" });
  return `${stdout ?? ""}${stderr ?? ""}`;
}
