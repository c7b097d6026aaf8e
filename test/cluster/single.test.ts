import { type RedisServer, startRedis } from "../kit/redis.ts";
import { clusterSuite } from "./suite.ts";

describe("workers on one Redis", function () {
  this.timeout(30_000);
  let redis: RedisServer;
  before(async () => (redis = await startRedis()));

  clusterSuite(() => redis.url);
  // After the workers.
  after(() => redis[Symbol.asyncDispose]());
});
