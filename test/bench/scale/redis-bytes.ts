import { Redis } from "ioredis";

/** Bytes that a Redis has for its data and its clients; 0 where there is none. */
export async function redisBytes(url: string | undefined): Promise<number> {
  if (url === undefined) return 0;
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  // What fails is told where it is awaited.
  redis.on("error", () => {});
  try {
    await redis.connect();
    const [, bytes = "0"] = /^used_memory:(\d+)/m.exec(await redis.info("memory")) ?? [];
    return Number(bytes);
  } finally {
    redis.disconnect();
  }
}
