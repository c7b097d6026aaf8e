import type { RedisLink } from "../../../redis/link.ts";
import { readScript } from "../../../redis/script.ts";
import { RING_AGE_MS, RING_SIZE } from "../ring.ts";
import { INTERVAL_MS } from "../sampler.ts";
import type { Report } from "./index.ts";
import { News, read, write } from "./messages.ts";

const REPORT = readScript(import.meta.url, "lua/report.lua");

/** Two samples of a host are never closer: whoever takes over leaves room to who has just sampled. */
const PAUSE_MS = INTERVAL_MS / 2;

/** Everything in one slot, so that one script may tell of a host and keep it. */
export function namesOf(link: RedisLink) {
  const key = link.keys("monitor");
  return {
    calls: key("monitor", "calls"),
    news: key("monitor", "news"),
    hosts: key("monitor", "hosts"),
    rows: (host: string) => key("monitor", "rows", host),
    lease: (host: string) => key("monitor", "lease", host),
    pause: (host: string) => key("monitor", "pause", host),
    ring: (host: string) => key("monitor", "ring", host),
  };
}

/** The recent past of all hosts, kept in Redis for workers that come later. All of it rejects while Redis is out. */
export interface History {
  /** Tells everybody, and keeps it; neither, if the lease is no longer held under this token. */
  tell(report: Report, token: string): Promise<void>;
  /** All that is kept: each host's in order. */
  recall(): AsyncIterable<Report>;
  forget(host: string): Promise<void>;
}

export function openHistory(link: RedisLink): History {
  const { hosts, ring, pause, lease, news } = namesOf(link);
  return {
    async tell({ standing, cleared, ...report }, token) {
      const { host } = report.sample;
      const text = write({ v: 1, report: { ...report, standing: [...standing], cleared: [...cleared] } });
      const keys = [lease(host), pause(host), ring(host), hosts];
      await link.script(REPORT, keys, [token, PAUSE_MS, host, text, RING_SIZE, RING_AGE_MS, news]);
    },
    async *recall() {
      for (const host of await link.run((client) => client.zrange(hosts, 0, "-1"))) {
        const kept = await link.run((client) => client.lrange(ring(host), 0, -1));
        for (const text of kept.toReversed()) {
          const message = read(News, text);
          if (message && "report" in message) yield message.report;
        }
      }
    },
    async forget(host) {
      await link.run((client) => client.zrem(hosts, host));
    },
  };
}
