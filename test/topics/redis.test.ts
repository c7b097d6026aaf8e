import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { RedisLink } from "../../src/redis/link.ts";
import { redisTopics } from "../../src/topics/redis.ts";
import { openLink } from "../kit/link.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { topicsSuite } from "./suite.ts";

const newPrefix = () => `test-${randomBytes(6).toString("hex")}`;

describe("topics in Redis", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis()));
  after(() => server[Symbol.asyncDispose]());

  async function linked(prefix = newPrefix(), roundTrip = () => {}): Promise<RedisLink & Disposable> {
    const link = openLink(server.url, prefix, { roundTrip });
    await link.ready;
    return Object.assign(link, { [Symbol.dispose]: () => link.close() });
  }

  topicsSuite(async () => {
    const link = await linked();
    return { topics: redisTopics({ link }), close: async () => link.close() };
  });

  it("are the same to every worker, and after all of them have gone", async () => {
    const prefix = newPrefix();
    {
      using one = await linked(prefix);
      using other = await linked(prefix);
      await redisTopics({ link: one }).subscribe("news", "ann");
      expect(await redisTopics({ link: other }).subscribers("news")).to.deep.equal(["ann"]);
      await redisTopics({ link: other }).subscribe("news", "bob");
    }
    using link = await linked(prefix);
    expect(await redisTopics({ link }).subscribers("news")).to.have.members(["ann", "bob"]);
    expect(await redisTopics({ link }).of("bob")).to.deep.equal(["news"]);
  });

  it("have every subscriber of a topic that many follow, read in pages", async () => {
    let trips = 0;
    using link = await linked(newPrefix(), () => void trips++);
    const key = link.keys("news")("subscribers", "news");
    const users = Array.from({ length: 12_000 }, (_, n) => `user-${n}`);
    for (let from = 0; from < users.length; from += 6_000)
      await server.admin.zadd(key, ...users.slice(from, from + 6_000).flatMap((user) => [0, user]));
    const found = await redisTopics({ link }).subscribers("news");
    expect(found).to.have.length(users.length);
    expect(new Set(found)).to.deep.equal(new Set(users));
    expect(trips).to.equal(3);
  });

  it("are mended by trying again where only the first half of a change was written", async () => {
    using link = await linked();
    const topics = redisTopics({ link });
    // Listed, and not yet subscribed.
    await server.admin.zadd(link.keys("ann")("topics-of", "ann"), 0, "news");
    await topics.subscribe("news", "ann");
    expect(await topics.subscribers("news")).to.deep.equal(["ann"]);
    // No longer subscribed, and still listed: it can be left again.
    await server.admin.zrem(link.keys("news")("subscribers", "news"), "ann");
    expect(await topics.of("ann")).to.deep.equal(["news"]);
    await topics.unsubscribe("news", "ann");
    expect(await topics.of("ann")).to.deep.equal([]);
  });

  it("keep nothing of who has unsubscribed, nor of who only looked", async () => {
    const prefix = newPrefix();
    using link = await linked(prefix);
    const topics = redisTopics({ link });
    await topics.subscribe("news", "ann");
    await topics.unsubscribe("news", "ann");
    await topics.of("bob");
    await topics.subscribers("nothing");
    expect((await server.admin.keys(`${prefix}:*`)).filter((key) => !key.endsWith(":born"))).to.deep.equal([]);
  });
});
