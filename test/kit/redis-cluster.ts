import { freePort } from "./port.ts";
import { type RedisServer, startRedis } from "./redis.ts";
import { eventually } from "./wait.ts";

const SLOTS = 16_384;

/** A real Redis Cluster of masters that share the slots evenly. */
export interface RedisCluster extends AsyncDisposable {
  /** For `REDIS_URL`. */
  readonly url: string;
  readonly masters: readonly RedisServer[];
}

/** Starts one, and waits until every master sees all slots served. */
export async function startRedisCluster(masterCount = 3): Promise<RedisCluster> {
  const masters: RedisServer[] = [];
  for (let left = masterCount; left > 0; left--) {
    masters.push(
      await startRedis({
        "cluster-enabled": "yes",
        "cluster-port": String(await freePort()),
        "cluster-node-timeout": "2000",
        appendonly: "yes",
        appendfsync: "always",
      }),
    );
  }
  const [first] = masters;
  for (const [index, { admin, port }] of masters.entries()) {
    const from = Math.ceil((index * SLOTS) / masterCount);
    const to = Math.ceil(((index + 1) * SLOTS) / masterCount) - 1;
    await admin.call("CLUSTER", "ADDSLOTSRANGE", from, to);
    if (index > 0) {
      const busPort = (await admin.config("GET", "cluster-port")) as [string, string];
      await first?.admin.call("CLUSTER", "MEET", "127.0.0.1", port, busPort[1]);
    }
  }
  for (const { admin } of masters) {
    await eventually(async () => {
      const info = await admin.cluster("INFO");
      return info.includes("cluster_state:ok") && info.includes(`cluster_size:${masterCount}`);
    }, 15_000);
  }
  return {
    url: `redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    masters,
    async [Symbol.asyncDispose]() {
      for (const master of masters) await master[Symbol.asyncDispose]();
    },
  };
}
