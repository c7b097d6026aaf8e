import { systemClock } from "../../src/clock.ts";
import { redisLog } from "../../src/log/redis.ts";
import { silent } from "../../src/logger.ts";
import { startRedis } from "../kit/redis.ts";
import { startRedisCluster } from "../kit/redis-cluster.ts";
import { logSuite } from "./suite.ts";
import { newPrefix, work, type Worker } from "./worker.ts";

interface Server extends AsyncDisposable {
  readonly url: string;
}

const STARTS: Record<string, () => Promise<Server>> = {
  "one Redis": () => startRedis(),
  "a Redis Cluster": () => startRedisCluster(),
};

for (const [where, start] of Object.entries(STARTS)) {
  describe(`a log in ${where}`, () => {
    let server: Server;
    let worker: Worker;
    let opened = 0;
    before(async () => {
      server = await start();
      worker = await work(server.url, newPrefix());
    });
    after(async () => {
      worker[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    });

    logSuite(async (options) => {
      let skewMs = 0;
      const its = { name: `log-${opened++}`, skewMs: () => skewMs, clock: systemClock, logger: silent };
      const log = redisLog({ link: worker.link, ...its, ...options });
      return { log, advance: async (ms) => void (skewMs += ms), close: async () => log.close() };
    });
  });
}
