import { expect } from "chai";
import type { RedisLogOptions } from "../../src/log/redis.ts";
import { fakeClock } from "../kit/clock.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";
import { hearing, upTo } from "./suite/scene.ts";
import { channelOf, newPrefix, stored, work } from "./worker.ts";

describe("what a log in Redis costs", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis()));
  after(() => server[Symbol.asyncDispose]());

  const alone = (over?: Partial<RedisLogOptions>) => work(server.url, newPrefix(), over);

  /** How many scripts Redis was made to run. */
  const scriptsRun = async () =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await server.admin.info("commandstats"))?.[1]);

  it("is one script and one trip for every append, whatever it does", async () => {
    using worker = await alone({ size: 5 });
    const { log } = worker;
    await worker.sendMany(5);
    const before = { trips: worker.trips, calls: await scriptsRun() };
    await worker.sendMany(20);
    await worker.send("the-same");
    await worker.send("the-same");
    const about = { by: "ann", kind: "edited", body: {}, content: { text: "x" } };
    const { head } = await log.head("topic");
    await log.append("topic", { ...about, id: "edit", amends: { target: head, how: "revise" } });
    await log.append("topic", { ...about, id: "gone", amends: { target: head, how: "erase" } }, { author: "ann" });
    await refusalOf(log.append("topic", { ...about, id: "late" }, { createdAt: 1 }));
    expect({ trips: worker.trips, calls: await scriptsRun() }).to.deep.equal({
      trips: before.trips + 26,
      calls: before.calls + 26,
    });
  });

  it("is nothing for a worker without a listener in the topic", async () => {
    using worker = await alone();
    using idle = await work(server.url, worker.prefix);
    const stop = await idle.log.subscribe(
      "another topic",
      hearing(() => expect.fail("it is another topic")),
    );
    const hearer = await worker.watch();
    await worker.sendMany(50);
    await eventually(() => hearer.entries.length === 50);
    const listening = await server.admin.call("PUBSUB", "SHARDNUMSUB", await channelOf(server, worker));
    expect((listening as unknown[])[1]).to.equal(1);
    expect(idle.trips).to.equal(0);
    stop();
  });

  it("is one count of a long stretch for all who ask for it within a second", async () => {
    const clock = fakeClock();
    using worker = await alone({ clock });
    await worker.sendMany(100);
    const { trips } = worker;
    const unread = (user: string) => worker.log.count("topic", { after: 0, upTo: 100, except: user });
    expect(await Promise.all(["ann", "bob", "cat"].map(unread))).to.deep.equal([0, 100, 100]);
    expect(worker.trips - trips).to.equal(1);
    await clock.advance(1_000);
    await unread("ann");
    expect(worker.trips - trips).to.equal(2);
  });

  it("is no room at all for topics that are only looked into, or whose appends are refused", async () => {
    using worker = await alone();
    const { log } = worker;
    for (const n of upTo(20)) {
      await log.messages(`nobody-${n}`, { limit: 10 });
      await log.read(`nobody-${n}`, { after: 0, limit: 10 });
      await log.count(`nobody-${n}`, { after: 0, except: "ann" });
      await log.find(`nobody-${n}`, "ann", "id");
      const draft = { id: "id", by: "ann", kind: "sent", body: {} };
      await refusalOf(log.append(`nobody-${n}`, draft, { createdAt: 1 }));
    }
    expect(await server.admin.keys(`${worker.prefix}:*:log:*`)).to.deep.equal([]);
  });

  it("is room for what a topic holds, and not for what it ever held", async () => {
    using worker = await alone({ size: 10 });
    for (const n of upTo(200)) {
      const { entry } = await worker.send(`message-${n}`);
      const amends = { target: entry.seq, how: "revise" } as const;
      await worker.log.append("topic", { id: `edit-${n}`, by: "ann", kind: "edited", body: {}, amends });
    }
    // Ten records and their ids, and what the five messages among them were revised by.
    expect(Object.keys((await stored(server, worker, "entries")).fields)).to.have.length(25);
  });

  it("is never for ever: every key has its time to live", async () => {
    using worker = await alone({ ttlSec: 100 });
    await worker.log.append("topic", { id: "id", by: "ann", kind: "sent", body: {} }, {}, { kept: "value" });
    for (const [name, seconds] of [
      ["entries", 100],
      ["meta", 365 * 86_400],
    ] as const)
      expect(await server.admin.ttl((await stored(server, worker, name)).key)).to.be.within(seconds, seconds * 4);
  });
});
