import { DURABLE, startReplica } from "../kit/faults.ts";
import { Proxy } from "../kit/proxy.ts";
import { startRedisCluster } from "../kit/redis-cluster.ts";
import { startRedisSentinel } from "../kit/redis-sentinel.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";

export const SETUPS = ["single", "sentinel", "cluster"] as const;
export type Setup = (typeof SETUPS)[number];

/** A Redis in one of the ways in which it is run, and what can be done to it. */
export interface Standing extends AsyncDisposable {
  readonly setup: Setup;
  /** For `REDIS_URL`. */
  readonly url: string;
  /** Those that are written to now. */
  masters(): readonly RedisServer[];
  /** Between the workers and the only master; where there are several servers they tell each other's addresses. */
  readonly proxy?: Proxy;
  /**
   * Puts a replica in the place of the master, which is gone; `lagMs` is how long before that it got nothing any more. Resolves with
   * a time before which nothing was lost.
   */
  failOver?(lagMs: number): Promise<number>;
}

/** Starts one that loses nothing by a crash. */
export function startStanding(setup: Setup): Promise<Standing> {
  return { single: startSingle, sentinel: startGroup, cluster: startSlots }[setup]();
}

async function startSingle(): Promise<Standing> {
  let redis = await startRedis(DURABLE);
  const proxy = await Proxy.start({ target: () => redis.port });
  return {
    setup: "single",
    url: `redis://127.0.0.1:${proxy.port}`,
    masters: () => [redis],
    proxy,
    async failOver(lagMs) {
      const replica = await startReplica(redis);
      const fromMs = await replica.lag();
      await new Promise((resolve) => setTimeout(resolve, lagMs));
      const before = redis;
      await before.kill();
      await replica.promote();
      redis = replica.server;
      proxy.cut();
      await before[Symbol.asyncDispose]();
      return fromMs;
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

/** How far behind an asynchronous replica can be that nobody holds up. */
const REPLICATION_MS = 2_000;

async function startGroup(): Promise<Standing> {
  const group = await startRedisSentinel();
  let [master] = group.servers;
  return {
    setup: "sentinel",
    url: group.url,
    masters: () => [master],
    async failOver() {
      const before = master;
      const fromMs = performance.now() - REPLICATION_MS;
      master = await group.failOver();
      // The Sentinels make it a replica of its successor, so that there can be a next time.
      await before.start();
      await eventually(async () => (await before.admin.info("replication")).includes("master_link_status:up"), 30_000);
      return fromMs;
    },
    [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
  };
}

async function startSlots(): Promise<Standing> {
  const { url, masters, [Symbol.asyncDispose]: dispose } = await startRedisCluster();
  return { setup: "cluster", url, masters: () => masters, [Symbol.asyncDispose]: dispose };
}
