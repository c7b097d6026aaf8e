import { expect } from "chai";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";
import { startWorkers } from "../kit/workers.ts";

const ids = (members: readonly { id: string }[]) => members.map(({ id }) => id);

describe("presence on several workers", function () {
  this.timeout(20_000);
  let redis: RedisServer;

  before(async () => {
    redis = await startRedis();
  });
  after(() => redis[Symbol.asyncDispose]());

  it("tells everybody of those who join, on every worker, and the joiners of those who join after them", async () => {
    await using workers = await startWorkers(redis.url, {}, 3);
    const [first, second, third] = workers.all;
    if (!first || !second || !third) throw new RangeError("three workers");
    await using ann = await first.connect("/chat", "ann");
    await ann.request("room:join", { room: "r" });
    await using bob = await second.connect("/chat", "bob");
    await using carol = await third.connect("/chat", "carol");
    await using elsewhere = await third.connect("/chat", "carol");
    await bob.request("room:join", { room: "r" });
    await carol.request("room:join", { room: "r" });

    await eventually(() => ids(ann.all("presence:changed").flatMap(({ joined }) => joined)).join() === "bob,carol");
    await bob.event("presence:changed", ({ joined }) => ids(joined).join() === "carol");
    expect(ids(bob.all("presence:changed").flatMap(({ joined }) => joined))).to.deep.equal(["carol"]);

    await bob.request("room:leave", { room: "r" });
    for (const client of [ann, carol]) await client.event("presence:changed", ({ left }) => ids(left).includes("bob"));
    expect(ids(ann.all("presence:changed").flatMap(({ left }) => left))).to.deep.equal(["bob"]);
    expect(ids(carol.all("presence:changed").flatMap(({ joined }) => joined))).to.deep.equal([]);
    expect(elsewhere.all("presence:changed"), "a tab that does not attend").to.deep.equal([]);
  });

  it("tells a room all the same where Redis stalls meanwhile", async () => {
    await using workers = await startWorkers(redis.url, {}, 1);
    await using ann = await workers.here.connect("/chat", "ann");
    await ann.request("room:join", { room: "r" });
    await using bob = await workers.here.connect("/chat", "bob");
    await bob.request("room:join", { room: "r" });
    redis.stall();
    try {
      await eventually(async () => (await fetch(`${workers.here.url}/readyz`)).status === 503);
    } finally {
      redis.wake();
    }
    await ann.event("presence:changed", ({ joined }) => ids(joined).includes("bob"), 10_000);
  });
});
