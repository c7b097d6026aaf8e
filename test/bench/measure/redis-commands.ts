import { Redis } from "ioredis";

/** What a client asks for to be connected, to look and to be told: none of it is work for a message. */
const BOOKKEEPING = /^(info|hello|auth|select|client\|.*|reset|quit|[ps]?(un)?subscribe)$/;

/** Commands that a Redis has run since it started, those within scripts too; reading them leaves no trace. */
export async function readRedisCommands(url: string): Promise<number> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  // What fails is told where it is awaited.
  redis.on("error", () => {});
  try {
    await redis.connect();
    return commandsIn(await redis.info("commandstats"));
  } finally {
    redis.disconnect();
  }
}

/** Sums up `INFO commandstats`. */
export function commandsIn(stats: string): number {
  return [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
    .filter(([, command = ""]) => !BOOKKEEPING.test(command))
    .reduce((total, [, , calls]) => total + Number(calls), 0);
}
