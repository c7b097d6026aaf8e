import { type Clock, systemClock } from "../../src/clock.ts";
import { type Logger, silent } from "../../src/logger.ts";
import { RedisLink } from "../../src/redis/link.ts";

export interface LinkOptions {
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** A command went out, and its answer will come. */
  roundTrip?(): void;
}

/** A worker's link to Redis without the worker. Whoever opens it closes it. */
export function openLink(url: string, prefix: string, options: LinkOptions = {}): RedisLink {
  const { logger = silent, clock = systemClock, roundTrip = () => {} } = options;
  return new RedisLink({ url, prefix, logger, clock, counted: { roundTrip, redisError() {} } });
}
