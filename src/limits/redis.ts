import type { RedisLink } from "../redis/link.ts";
import { readScript } from "../redis/script.ts";
import type { Throttle } from "./throttle.ts";

const TAKE = readScript(import.meta.url, "lua/take.lua");

/** For all workers together. One round trip. */
export function redisThrottle({ link }: { link: RedisLink }): Throttle {
  return {
    async take(key, rank, everyMs) {
      const waitMs = Number(await link.script(TAKE, [link.keys(key)("throttle", key)], [rank, everyMs]));
      return waitMs < 0 ? undefined : waitMs;
    },
  };
}
