import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { opened } from "./leaks.ts";
import { freePort } from "./port.ts";
import { type RedisServer, startRedis } from "./redis.ts";
import { eventually } from "./wait.ts";

const GROUP = "carillon";
const QUORUM = 2;
const DOWN_AFTER_MS = 1_000;

/** A real master with a replica, watched by three real Sentinels. */
export interface RedisSentinel extends AsyncDisposable {
  /** For `REDIS_URL`. */
  readonly url: string;
  /** Who is master at first, and who takes over. */
  readonly servers: readonly [RedisServer, RedisServer];
  /** Kills the master and resolves with the one that the Sentinels chose. */
  failOver(): Promise<RedisServer>;
}

interface Sentinel extends AsyncDisposable {
  readonly port: number;
  readonly admin: Redis;
}

async function startSentinel(masterPort: number): Promise<Sentinel> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "carillon-sentinel-"));
  const file = join(folder, "sentinel.conf");
  await writeFile(
    file,
    [
      `port ${port}`,
      "bind 127.0.0.1",
      `dir ${folder}`,
      `sentinel monitor ${GROUP} 127.0.0.1 ${masterPort} ${QUORUM}`,
      `sentinel down-after-milliseconds ${GROUP} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${GROUP} 3000`,
      "",
    ].join("\n"),
  );
  const child: ChildProcess = spawn("redis-sentinel", [file], { stdio: "ignore" });
  const released = opened(child, "a redis-sentinel");
  const admin = new Redis(port, { protocol: 2, retryStrategy: () => 20 }).on("error", () => {});
  await eventually(async () => (await admin.ping()) === "PONG", 15_000);
  return {
    port,
    admin,
    async [Symbol.asyncDispose]() {
      admin.disconnect();
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
      released();
    },
  };
}

/** Starts all of them, and waits until every Sentinel knows the others and the replica. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const durable = { appendonly: "yes", appendfsync: "always" };
  const master = await startRedis(durable);
  const replica = await startRedis({ ...durable, replicaof: `127.0.0.1 ${master.port}` });
  await eventually(async () => (await replica.admin.info("replication")).includes("master_link_status:up"), 15_000);
  const sentinels = [
    await startSentinel(master.port),
    await startSentinel(master.port),
    await startSentinel(master.port),
  ];
  for (const { admin } of sentinels) {
    await eventually(async () => {
      const state = new Map(pairs((await admin.call("SENTINEL", "MASTER", GROUP)) as string[]));
      return state.get("num-slaves") === "1" && state.get("num-other-sentinels") === "2";
    }, 20_000);
  }

  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${GROUP}`,
    servers: [master, replica],
    async failOver() {
      const before = await currentMaster(sentinels);
      const [old, next] = before === master.port ? [master, replica] : [replica, master];
      await old.kill();
      await eventually(async () => (await currentMaster(sentinels)) === next.port, 20_000);
      await eventually(async () => (await next.admin.role())[0] === "master", 10_000);
      return next;
    },
    async [Symbol.asyncDispose]() {
      for (const sentinel of sentinels) await sentinel[Symbol.asyncDispose]();
      await replica[Symbol.asyncDispose]();
      await master[Symbol.asyncDispose]();
    },
  };
}

async function currentMaster([sentinel]: readonly Sentinel[]): Promise<number> {
  const address = await sentinel?.admin.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP);
  return Number((address as string[])[1]);
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[index * 2] ?? "", flat[index * 2 + 1] ?? ""]);
}
