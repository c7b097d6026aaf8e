import type { Backend } from "../backend.ts";
import { redisThrottle } from "../limits/redis.ts";
import type { Metrics } from "../metrics.ts";
import type { FilledOptions } from "../options.ts";
import { keptKey } from "../redis/kept-key.ts";
import { RedisLink } from "../redis/link.ts";
import { memoryStores, type Stores } from "../stores.ts";

export interface ClusterOptions extends FilledOptions {
  readonly redis: NonNullable<FilledOptions["redis"]>;
  /** This worker's boot id. */
  readonly worker: string;
  readonly metrics: Metrics;
}

/** One worker of several that share a Redis. */
export function clusterBackend(options: ClusterOptions): Backend {
  const { redis, clock, logger, metrics } = options;
  const counted = { roundTrip() {}, redisError() {} };
  const link = new RedisLink({ url: redis.url, prefix: redis.prefix ?? "carillon", clock, logger, counted });
  const stores: Stores = { ...memoryStores(options), throttle: redisThrottle({ link }) };

  return {
    stores,
    ready: link.ready,
    isReady: () => link.up,
    knowsOrders: () => true,
    guestKey: () => keptKey(link, clock, "guests"),
    join() {},
    receive() {},
    metrics: () => metrics.text(),
    leave() {},
    close: async () => link.close(),
  };
}
