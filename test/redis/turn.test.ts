import { expect } from "chai";
import type { Redis } from "ioredis";
import { openLink } from "../kit/link.ts";
import type { RedisLink } from "../../src/redis/link.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { noteWrites } from "../kit/writes.ts";

describe("what a turn of the event loop has for Redis", () => {
  let redis: RedisServer;
  let link: RedisLink;
  /** What the link's commands go through. */
  let client: Redis;

  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());
  beforeEach(async () => {
    link = openLink(redis.url, "test");
    await link.ready;
    client = await link.run(async (each) => each as Redis);
  });
  afterEach(() => link.close());

  it("leaves in one write, in its order, and the next turn's in another", async () => {
    const written: string[] = [];
    noteWrites(client.stream, (bytes) => written.push(bytes.toString()));
    const push = (value: string) => link.run((each) => each.rpush("list", value));
    const values = Array.from({ length: 20 }, (_, index) => `value-${index}`);
    const lengths = await Promise.all(values.map(push));
    expect(lengths).to.deep.equal(values.map((_, index) => index + 1));
    const first = written.filter((text) => text.includes("value-"));
    expect(first).to.have.length(1);
    await push("another");
    expect(written.filter((text) => text.includes("another"))).to.have.length(1);
    expect(await link.run((each) => each.lrange("list", 0, -1))).to.deep.equal([...values, "another"]);
  });

  it("leaves though the connection is lost in that turn, by the next one", async () => {
    const set = link.run((each) => each.set("key", "value"));
    client.stream.destroy();
    expect(await set).to.equal("OK");
    expect(await link.run((each) => each.get("key"))).to.equal("value");
  });
});
