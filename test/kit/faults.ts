import { readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { Proxy } from "./proxy.ts";
import { type RedisServer, startRedis } from "./redis.ts";
import { eventually } from "./wait.ts";

/** Nothing that was acknowledged may be lost by a crash; and one file, so that its end is the end of everything. */
export const DURABLE: Readonly<Record<string, string>> = {
  appendonly: "yes",
  appendfsync: "always",
  "auto-aof-rewrite-percentage": "0",
  "repl-diskless-sync-delay": "0",
};

/** Where a server's append-only file ends now. */
export interface Mark {
  readonly file: string;
  readonly bytes: number;
}

/** Remembers how long the append-only file is: all that was acknowledged before is in it. */
export async function markTail(redis: RedisServer): Promise<Mark> {
  const folder = join(redis.folder, "appendonlydir");
  const manifest = await readFile(join(folder, "appendonly.aof.manifest"), "utf8");
  const names = [...manifest.matchAll(/^file (\S+) seq \d+ type i/gm)].map(([, name]) => name);
  const file = join(folder, names.at(-1) ?? "");
  return { file, bytes: (await stat(file)).size };
}

/**
 * Takes from a stopped server's file what came after the mark, as a disk does that had not yet got it: up to the end of the last
 * whole command or transaction before it.
 */
export async function loseTail({ file, bytes }: Mark): Promise<void> {
  await truncate(file, lastEnd(await readFile(file), bytes));
}

/** The file is a sequence of commands in the protocol of Redis: `*2\r\n$4\r\nINCR\r\n$1\r\na\r\n`. */
function lastEnd(commands: Buffer, limit: number): number {
  let end = 0;
  let inTransaction = false;
  for (let at = 0; at < limit;) {
    const { name, next } = readCommand(commands, at);
    if (next > limit) break;
    if (name === "MULTI") inTransaction = true;
    if (name === "EXEC") inTransaction = false;
    if (!inTransaction) end = next;
    at = next;
  }
  return end;
}

function readCommand(commands: Buffer, start: number): { name: string; next: number } {
  const number = (at: number) => {
    const end = commands.indexOf("\r\n", at);
    return { value: Number(commands.toString("latin1", at + 1, end)), next: end + 2 };
  };
  const { value: count, next: first } = number(start);
  let name = "";
  let at = first;
  for (let index = 0; index < count; index++) {
    const { value: length, next } = number(at);
    if (index === 0) name = commands.toString("latin1", next, next + length).toUpperCase();
    at = next + length + 2;
  }
  return { name, next: at };
}

/** A replica that can be made to lag, and be put in its master's place. */
export interface Replica extends AsyncDisposable {
  readonly server: RedisServer;
  /** Nothing of what is written from now on arrives. Resolves with a time before which everything written has arrived. */
  lag(): Promise<number>;
  /** Makes it the master, as it is: what is still on its way is lost. */
  promote(): Promise<void>;
}

/** How far a server's part in a replication is, in bytes. */
const offset = async (redis: RedisServer, field: string) =>
  Number(new RegExp(`^${field}:(\\d+)`, "m").exec(await redis.admin.info("replication"))?.[1] ?? -1);

/** Starts a replica and waits until it has everything. */
export async function startReplica(master: RedisServer): Promise<Replica> {
  const proxy = await Proxy.start({ target: () => master.port });
  const server = await startRedis(DURABLE);
  await server.admin.replicaof("127.0.0.1", proxy.port);
  const isLevel = async () => {
    const written = await offset(master, "master_repl_offset");
    await eventually(async () => (await offset(server, "slave_repl_offset")) >= written, 15_000);
  };
  await eventually(async () => (await server.admin.info("replication")).includes("master_link_status:up"), 15_000);
  return {
    server,
    async lag() {
      const atMs = performance.now();
      await isLevel();
      for (const link of proxy.links) link.hold("down");
      return atMs;
    },
    async promote() {
      await proxy[Symbol.asyncDispose]();
      await server.admin.replicaof("NO", "ONE");
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
