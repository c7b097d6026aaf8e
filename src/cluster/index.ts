import { hostname } from "node:os";
import type { Namespace } from "socket.io";
import type { Backend } from "../backend.ts";
import { redisControl } from "../control/redis.ts";
import { createIngest } from "../ingest/index.ts";
import { redisThrottle } from "../limits/redis.ts";
import { redisLog } from "../log/redis.ts";
import type { Metrics } from "../metrics.ts";
import { redisFleet } from "../namespaces/monitor/fleet/redis.ts";
import type { FilledOptions } from "../options.ts";
import { redisPresence } from "../presence/redis.ts";
import { relayPresence } from "../presence/relay.ts";
import { keptKey } from "../redis/kept-key.ts";
import { RedisLink } from "../redis/link.ts";
import { Requirements } from "../redis/requirements-watch.ts";
import { redisRooms } from "../rooms/redis.ts";
import { redisTopics } from "../topics/redis.ts";
import { VERSION } from "../version.ts";
import { joinCluster } from "./adapter.ts";
import { ClusterMetrics } from "./metrics.ts";
import { joinWorkers, type Workers } from "./workers.ts";

/** Orders that leave nothing standing are kept for so long, and so many: for workers that were away. */
const ORDERS = { size: 10_000, ttlSec: 30 * 86_400 };

export interface ClusterOptions extends FilledOptions {
  readonly redis: NonNullable<FilledOptions["redis"]>;
  /** This worker's boot id. */
  readonly worker: string;
  readonly metrics: Metrics;
}

/** One worker of several that share a Redis. What is opened here is closed in reverse. */
export function clusterBackend(options: ClusterOptions): Backend {
  const { redis, clock, logger, metrics, worker } = options;
  const link = new RedisLink({ url: redis.url, prefix: redis.prefix ?? "carillon", clock, logger, counted: metrics });
  const requirements = new Requirements({ link, clock, logger });
  const clusterMetrics = new ClusterMetrics({ link, clock, logger, worker, own: metrics });
  const workers = joinWorkers({ link, clock, logger, info: describeWorker(options) });
  const { stores, control, close: closeStores } = openStores(options, link, workers);
  const closers: (() => void | Promise<void>)[] = [];
  const joined: Promise<void>[] = [];

  return {
    stores,
    workers,
    fleet: redisFleet({ link, clock, logger, worker }),
    ready: Promise.all([link.ready, requirements.met, control.loaded])
      .then(() => Promise.all(joined))
      .then(() => {}),
    isReady: () => link.up && requirements.isMet(),
    knowsOrders: () => control.isLoaded,
    guestKey: () => keptKey(link, clock, "guests"),
    join(namespace: Namespace) {
      const { ready, leave } = joinCluster(namespace, { link, clock, logger, counted: metrics });
      joined.push(ready);
      closers.push(leave);
    },
    receive(publisher) {
      const ingest = createIngest({ link, publisher, worker, clock, logger, counted: metrics });
      closers.push(() => ingest.close());
    },
    metrics: () => clusterMetrics.text(),
    async close() {
      for (const close of closers.toReversed()) await close();
      closeStores();
      workers.close();
      await clusterMetrics.close();
      requirements.close();
      link.close();
    },
  };
}

function describeWorker({ worker, clock, routing }: ClusterOptions) {
  return {
    id: worker,
    host: hostname(),
    pid: process.pid,
    startedAt: clock.now(),
    version: VERSION,
    protocol: 1 as const,
    ...(routing?.advertise !== undefined && { advertise: routing.advertise }),
  };
}

function openStores(options: ClusterOptions, link: RedisLink, workers: Workers) {
  const { clock, logger, metrics, historySize, historyTtlSec, inboxSize } = options;
  const counted = { garbage: () => metrics.decodeError() };
  const shared = { link, clock, logger, counted };
  const roomLog = redisLog({ ...shared, name: "room", size: historySize, ttlSec: historyTtlSec });
  const inbox = { name: "inbox", size: inboxSize, ttlSec: historyTtlSec };
  const inboxLog = redisLog({ ...shared, ...inbox, counts: (kind) => kind === "sent" });
  const orderLog = redisLog({ ...shared, ...ORDERS, name: "control" });
  const control = redisControl({ link, log: orderLog, clock, logger });
  const sharedPresence = redisPresence({ link, workers, clock, logger });
  const presence = relayPresence(sharedPresence, { link, logger });
  return {
    stores: {
      roomLog,
      inboxLog,
      rooms: redisRooms({ link, ttlSec: historyTtlSec }),
      topics: redisTopics({ link }),
      control,
      presence,
      throttle: redisThrottle({ link }),
    },
    control,
    close() {
      presence.close();
      sharedPresence.close();
      control.close();
      for (const log of [orderLog, inboxLog, roomLog]) log.close();
    },
  };
}
