import { expect } from "chai";
import { redisAttendees } from "../../src/presence/attendees.ts";
import { GATHER_MS, GRACE_MS } from "../../src/presence/index.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";
import { drop, enter, leave, member, PresenceCluster, type PresenceWorker, ROOM, settled, there } from "./workers.ts";

const attendees = ({ id, link }: PresenceWorker) => redisAttendees({ link, worker: id, skewMs: () => 0 });

const lost = (...workers: PresenceWorker[]) =>
  eventually(() => workers.every(({ link, workers: { held } }) => !link.up && !held), 10_000);

/** What was left open is told after this. */
async function recovered(cluster: PresenceCluster, ...workers: PresenceWorker[]): Promise<void> {
  await settled(...workers);
  await cluster.roundTrips();
  await cluster.advance(2 * GATHER_MS);
}

describe("presence while Redis is out", () => {
  let redis: RedisServer;
  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());

  /** Two workers with a room of six, who were told of; what they have to compare with Redis at first, they have. */
  async function scene() {
    const cluster = new PresenceCluster(redis.url);
    const [a, b] = await cluster.two();
    const users = ["ann", "bob", "cat", "dan"];
    for (const user of users) await enter(a, user);
    for (const user of ["eve", "fay"]) await enter(b, user);
    await cluster.advance(GATHER_MS);
    await settled(a, b);
    await cluster.roundTrips();
    return { cluster, a, b, all: [...users, "eve", "fay"] };
  }

  it("empties no room when it lasts longer than a lease, and makes good who left", async () => {
    const { cluster, a, b, all } = await scene();
    using _ = cluster;
    redis.stall();
    await lost(a, b);
    expect((await refusalOf(enter(a, "gus"))).code).to.equal("unavailable");
    expect((await refusalOf(a.presence.attending(ROOM, 10))).code).to.equal("unavailable");
    expect((await refusalOf(b.presence.expel(ROOM, "fay"))).code).to.equal("unavailable");
    await leave(a, "bob");
    await drop(a, "cat");
    await cluster.advance(GRACE_MS);
    await drop(a, "dan");
    await cluster.advance(GRACE_MS / 2);
    redis.wake();
    await recovered(cluster, a, b);
    expect(await there(b)).to.deep.equal(["ann", "dan", "eve"]);
    expect(cluster.names(ROOM).joined).to.deep.equal(all);
    expect(cluster.names(ROOM).left.toSorted()).to.deep.equal(["bob", "cat", "fay"]);
    // What was told late counts from when it was, for whoever takes over too.
    a.kill();
    await eventually(() => !b.workers.isAlive(a.id));
    await eventually(async () => (await redis.admin.hlen(cluster.registry)) === 1);
    await cluster.advance(GRACE_MS / 2 - GATHER_MS);
    expect(cluster.names(ROOM).left.toSorted()).to.deep.equal(["bob", "cat", "dan", "fay"]);
    expect(await there(b)).to.deep.equal(["ann", "eve"]);
  });

  it("takes nobody for gone before another worker had the time to come back, and takes it back when that comes later", async () => {
    let isReachable = true;
    await using proxy = await Proxy.start({ target: () => (isReachable ? redis.port : undefined) });
    // Long enough to look before it is over.
    using cluster = new PresenceCluster(redis.url, 1_500);
    const a = await cluster.start();
    const b = await cluster.start(`redis://127.0.0.1:${proxy.port}`);
    await enter(a, "ann", "one tab");
    await enter(b, "ann", "another tab");
    await enter(a, "bob");
    await cluster.advance(GATHER_MS);
    await redis.kill();
    await lost(a, b);
    await leave(a, "ann", "one tab");
    isReachable = false;
    await redis.start();
    await eventually(async () => a.workers.held && (await there(a)).includes("bob"));
    await cluster.roundTrips();
    await cluster.advance(2 * GATHER_MS);
    expect(cluster.names(ROOM)).to.deep.equal({ joined: ["ann", "bob"], left: [] });
    await recovered(cluster, a);
    expect(cluster.names(ROOM).left).to.deep.equal(["ann"]);
    isReachable = true;
    await recovered(cluster, a, b);
    expect(await there(a)).to.deep.equal(["ann", "bob"]);
    expect(cluster.names(ROOM)).to.deep.equal({ joined: ["ann", "bob", "ann"], left: ["ann"] });
  });

  it("finds everybody again when all was lost with it, tells none of them, and tells who left", async () => {
    const { cluster, a, b, all } = await scene();
    using _ = cluster;
    const { version } = await a.presence.attending(ROOM, 0);
    await redis.kill();
    await lost(a, b);
    await leave(a, "bob");
    await drop(b, "fay");
    await redis.start();
    await recovered(cluster, a, b);
    expect(await there(b)).to.deep.equal(["ann", "cat", "dan", "eve", "fay"]);
    await cluster.advance(GRACE_MS + GATHER_MS);
    expect(await there(a)).to.deep.equal(["ann", "cat", "dan", "eve"]);
    expect(cluster.names(ROOM)).to.deep.equal({ joined: all, left: ["bob", "fay"] });
    expect((await a.presence.attending(ROOM, 0)).version).to.be.above(version);
  });

  it("finds everybody again after a flush, and the grace of who was dropped goes on", async () => {
    const { cluster, a, b, all } = await scene();
    using _ = cluster;
    await drop(a, "ann");
    const { version } = await a.presence.attending(ROOM, 0);
    await redis.admin.flushall();
    await eventually(async () => (await there(b)).length === all.length);
    expect((await a.presence.attending(ROOM, 0)).version).to.be.above(version);
    await recovered(cluster, a, b);
    expect(cluster.names(ROOM)).to.deep.equal({ joined: all, left: [] });
    await cluster.advance(GRACE_MS + GATHER_MS);
    expect(cluster.names(ROOM)).to.deep.equal({ joined: all, left: ["ann"] });
    expect(await there(b)).to.deep.equal(all.slice(1));
  });

  it("ends in what the workers have, also where Redis went back to an earlier state", async () => {
    const { cluster, a, b, all } = await scene();
    using _ = cluster;
    await a.presence.enter("another", member("ann"), "ann");
    await redis.admin.save();
    await a.presence.leave("another", "ann", "ann");
    await enter(b, "gus");
    await enter(a, "hal");
    await cluster.advance(GATHER_MS);
    await redis.kill();
    await lost(a, b);
    await leave(a, "hal");
    await redis.start();
    await recovered(cluster, a, b);
    expect(await there(a)).to.deep.equal([...all, "gus"]);
    expect(await a.presence.attending("another", 1)).to.deep.include({ memberCount: 0 });
    expect(cluster.names(ROOM)).to.deep.equal({ joined: [...all, "gus", "hal"], left: ["hal"] });
  });

  it("counts nobody whose entering was refused, though Redis carries it out when it wakes", async () => {
    const { cluster, a, all } = await scene();
    using _ = cluster;
    redis.stall();
    expect((await refusalOf(enter(a, "gus"))).code).to.equal("unavailable");
    redis.wake();
    await eventually(() => a.link.up);
    await eventually(async () => {
      await cluster.advance(GATHER_MS);
      return (await there(a)).length === all.length;
    });
  });

  it("lets leave and takes nobody in while Redis has no memory", async () => {
    const { cluster, a, b, all } = await scene();
    using _ = cluster;
    await redis.admin.config("SET", "maxmemory", "1");
    try {
      expect((await refusalOf(enter(a, "gus"))).code).to.equal("unavailable");
      await leave(a, "ann");
      await drop(a, "bob");
      await cluster.advance(GATHER_MS);
      await eventually(() => cluster.names(ROOM).left.length === 1);
      expect(await there(b)).to.deep.equal(all.slice(1));
      await a.workers.refresh();
      expect(a.workers.settled).to.equal(true);
    } finally {
      await redis.admin.config("SET", "maxmemory", "0");
    }
    await cluster.advance(2 * GATHER_MS);
    expect(await b.presence.absent(ROOM, ["bob", "cat"])).to.deep.equal(["bob"]);
  });

  it("gives what was taken to be told once more to who did not hear the reply, and to nobody else", async () => {
    const { cluster, a, b } = await scene();
    using _ = cluster;
    await attendees(a).change(ROOM, [{ act: "enter", user: "gus", connection: "gus", name: "The gus" }]);
    const first = await attendees(a).take(ROOM, "first", a.id);
    expect(first?.joined).to.deep.equal([member("gus")]);
    expect(await attendees(b).take(ROOM, "second", b.id)).to.equal(undefined);
    await attendees(a).change(ROOM, [{ act: "expel", user: "gus" }]);
    expect(await attendees(a).take(ROOM, "first", a.id)).to.deep.equal(first);
    expect((await attendees(a).take(ROOM, "third", a.id))?.left).to.deep.equal([member("gus")]);
  });

  it("leaves a member with its own worker, whatever another believes to have taken over", async () => {
    const { cluster, a, b } = await scene();
    using _ = cluster;
    const ann = { user: "ann", connection: "ann", name: "The ann", seen: { version: "0", born: "0" } };
    const { results } = await attendees(b).change(ROOM, [
      { act: "keep", ...ann, droppedMs: 0 },
      { act: "stop", ...ann },
      { act: "adopt", user: "ann", connection: "ann", from: "another" },
    ]);
    expect(results).to.deep.equal(["missing", "missing", ""]);
    expect([...(await attendees(a).owned(a.id))]).to.include("lobby ann ann");
    expect(await b.presence.absent(ROOM, ["ann"])).to.deep.equal([]);
  });
});
