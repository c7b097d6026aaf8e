import { expect } from "chai";
import { GATHER_MS, GRACE_MS } from "../../src/presence/index.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";
import { presenceSuite } from "./suite.ts";
import {
  drop,
  enter,
  LEASE_MS,
  member,
  PresenceCluster,
  type PresenceWorker,
  ROOM,
  settled,
  there,
} from "./workers.ts";

describe("presence in Redis", () => {
  let redis: RedisServer;
  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());

  presenceSuite(async () => {
    const cluster = new PresenceCluster(redis.url);
    const { presence } = await cluster.start();
    return { presence, advance: (ms) => cluster.advance(ms), close: async () => cluster[Symbol.dispose]() };
  });

  /** Waits until all of a dead worker's members are somebody else's. */
  async function adopted(cluster: PresenceCluster, dead: PresenceWorker): Promise<void> {
    await eventually(async () => !(await redis.admin.hexists(cluster.registry, dead.id)));
  }

  it("is told once in the whole cluster, by whichever worker, in one order", async () => {
    using cluster = new PresenceCluster(redis.url);
    const workers = await cluster.three();
    const users: string[] = [];
    for (let number = 0; number < 30; number++) {
      const worker = workers[number % 3];
      users.push(`user-${number}`);
      if (worker) await enter(worker, `user-${number}`);
      if (number % 10 === 0) await cluster.advance(GATHER_MS / 2);
    }
    await cluster.advance(2 * GATHER_MS);
    expect(cluster.names(ROOM)).to.deep.equal({ joined: users, left: [] });
    const told = cluster.told(ROOM);
    expect(told.length).to.be.within(2, 4);
    expect(told.at(-1)?.memberCount).to.equal(30);
    expect(new Set(told.map(({ version }) => version)).size).to.equal(told.length);
  });

  it("gathers what happens on different workers together, from the first of it on", async () => {
    using cluster = new PresenceCluster(redis.url);
    const [a, b, c] = await cluster.three();
    await enter(a, "ann");
    await cluster.advance(GATHER_MS / 2);
    await enter(b, "bob");
    await cluster.advance(GATHER_MS / 2);
    expect(cluster.told(ROOM).map(({ joined }) => joined)).to.deep.equal([[member("ann"), member("bob")]]);
    await enter(c, "cat");
    await cluster.advance(GATHER_MS / 2);
    expect(cluster.told(ROOM)).to.have.length(1);
    await cluster.advance(GATHER_MS / 2);
    expect(cluster.told(ROOM)).to.have.length(2);
  });

  it("counts a user with five tabs on three workers once, until the last is gone", async () => {
    using cluster = new PresenceCluster(redis.url);
    const [a, b, c] = await cluster.three();
    const tabs = [a, a, b, b, c].map((worker, number) => ({ worker, tab: `tab-${number}` }));
    for (const { worker, tab } of tabs) await enter(worker, "ann", tab);
    await cluster.advance(GATHER_MS);
    expect(await a.presence.attending(ROOM, 10)).to.deep.include({ memberCount: 1, members: [member("ann")] });
    for (const [place, { worker, tab }] of tabs.entries()) {
      expect(await there(b)).to.deep.equal(["ann"]);
      await worker.presence.leave(ROOM, "ann", tab, place % 2 ? "dropped" : undefined);
      await cluster.advance(GRACE_MS);
    }
    expect(await there(b)).to.deep.equal([]);
    await cluster.advance(GATHER_MS);
    expect(cluster.names(ROOM)).to.deep.equal({ joined: ["ann"], left: ["ann"] });
  });

  it("is read once for all who come back while it does not change, and again after a change on another worker", async () => {
    using cluster = new PresenceCluster(redis.url);
    const [a, b] = await cluster.two();
    const read = async () =>
      Number(/cmdstat_hgetall:calls=(\d+)/.exec(await redis.admin.info("commandstats"))?.[1] ?? 0);
    const shownTo = async (user: string, tab: string) =>
      (await a.presence.enter(ROOM, member(user), tab, 10)).members.map(({ id }) => id).toSorted();
    await enter(b, "bob", "first");
    expect(await shownTo("ann", "first")).to.deep.equal(["ann", "bob"]);
    const before = await read();
    expect(await shownTo("ann", "second")).to.deep.equal(["ann", "bob"]);
    expect(await shownTo("bob", "second")).to.deep.equal(["ann", "bob"]);
    expect((await read()) - before).to.equal(0);
    await enter(b, "cat");
    expect(await shownTo("bob", "third")).to.deep.equal(["ann", "bob", "cat"]);
  });

  it("replaces a connection that was dropped on one worker by one on another", async () => {
    using cluster = new PresenceCluster(redis.url);
    const [a, b] = await cluster.two();
    await enter(a, "ann", "first");
    await drop(a, "ann", "first");
    await enter(b, "ann", "second");
    await b.presence.leave(ROOM, "ann", "second");
    expect(await there(a)).to.deep.equal([]);
    await enter(b, "ann", "third");
    await cluster.advance(2 * GRACE_MS);
    expect(await there(a)).to.deep.equal(["ann"]);
  });

  it("sends out a user of another worker", async () => {
    using cluster = new PresenceCluster(redis.url);
    const [a, b] = await cluster.two();
    await enter(a, "ann");
    await b.presence.expel(ROOM, "ann");
    expect(await there(a)).to.deep.equal([]);
    await a.presence.leave(ROOM, "ann", "ann");
    await cluster.advance(GATHER_MS);
    expect(cluster.names(ROOM)).to.deep.equal({ joined: [], left: ["ann"] });
  });

  it("shows as many of a large room as asked for, each once", async () => {
    using cluster = new PresenceCluster(redis.url);
    const worker = await cluster.start();
    await Promise.all(Array.from({ length: 300 }, (_, number) => enter(worker, `user-${number}`)));
    const { members, memberCount } = await worker.presence.attending(ROOM, 200);
    expect(memberCount).to.equal(300);
    expect(new Set(members.map(({ id }) => id)).size).to.equal(200);
    expect((await worker.presence.attending(ROOM, 300)).members).to.have.length(300);
  });

  it("leaves nothing of an empty room but a version that goes", async () => {
    using cluster = new PresenceCluster(redis.url);
    const worker = await cluster.start();
    for (const user of ["ann", "bob"]) await enter(worker, user);
    await worker.presence.leave(ROOM, "ann", "ann");
    await drop(worker, "bob");
    await cluster.advance(GRACE_MS + 2 * GATHER_MS);
    const keys = (await redis.admin.keys(`${cluster.prefix}:*:presence:*`)).toSorted();
    const kinds = keys.map((key) => key.split(":")[3]);
    // What was told last stays for a moment, should its reply have been lost.
    expect(kinds).to.deep.equal(["taken", "version", "workers"]);
    for (const [place, key] of keys.entries()) {
      if (kinds[place] !== "workers") expect(await redis.admin.pttl(key)).to.be.within(1, 3_600_000);
    }
  });

  it("has nothing to do any more once it is closed", async () => {
    using cluster = new PresenceCluster(redis.url);
    const worker = await cluster.start();
    await enter(worker, "ann");
    await enter(worker, "bob");
    await drop(worker, "bob");
    worker.presence.close();
    expect(cluster.clock.pending).to.equal(0);
    await cluster.advance(GRACE_MS);
    expect(worker.told).to.deep.equal([]);
  });

  describe("of a worker that was killed", () => {
    it("takes its members with it, each told as left once, and those who came back stay", async () => {
      using cluster = new PresenceCluster(redis.url);
      const [a, b, c] = await cluster.three();
      for (const user of ["ann", "bob", "cat", "dan"]) await enter(a, user);
      await enter(b, "eve");
      await drop(a, "dan");
      await cluster.advance(GATHER_MS);
      await settled(b, c);
      a.kill();
      await adopted(cluster, a);
      expect(await there(b)).to.deep.equal(["ann", "bob", "cat", "dan", "eve"]);
      await enter(c, "bob", "bob's next");
      await cluster.advance(GRACE_MS + GATHER_MS);
      expect(await there(b)).to.deep.equal(["bob", "eve"]);
      const { left } = cluster.names(ROOM);
      expect(left.toSorted()).to.deep.equal(["ann", "cat", "dan"]);
      await cluster.advance(GRACE_MS + GATHER_MS);
      expect(cluster.names(ROOM).left).to.have.length(3);
    });

    it("gives a grace that was running no more than what is left of it", async () => {
      using cluster = new PresenceCluster(redis.url);
      const [a, b] = await cluster.two();
      await enter(a, "ann");
      await drop(a, "ann");
      await settled(b);
      await cluster.advance(GRACE_MS / 2);
      a.kill();
      await adopted(cluster, a);
      await cluster.advance(GRACE_MS / 2);
      expect(await there(b)).to.deep.equal([]);
    });

    it("tells what that one was to tell", async () => {
      using cluster = new PresenceCluster(redis.url);
      const [a, b] = await cluster.two();
      await enter(b, "bob");
      await cluster.advance(GATHER_MS);
      await enter(a, "ann");
      await a.presence.leave(ROOM, "ann", "ann");
      await settled(b);
      a.kill();
      await eventually(async () => {
        await cluster.advance(0);
        return cluster.names(ROOM).left.length > 0;
      });
      expect(cluster.names(ROOM)).to.deep.equal({ joined: ["bob"], left: ["ann"] });
    });

    it("goes from one survivor to the next, should that one die too", async () => {
      using cluster = new PresenceCluster(redis.url);
      const [a, b] = await cluster.two();
      await enter(a, "ann");
      await cluster.advance(GATHER_MS);
      await settled(b);
      a.kill();
      await adopted(cluster, a);
      const c = await cluster.start();
      await settled(c);
      b.kill();
      await adopted(cluster, b);
      expect(await there(c)).to.deep.equal(["ann"]);
      await cluster.advance(GRACE_MS + GATHER_MS);
      expect(await there(c)).to.deep.equal([]);
      expect(cluster.names(ROOM)).to.deep.equal({ joined: ["ann"], left: ["ann"] });
    });

    it("is taken over within seconds by the others together, though it had a thousand members", async () => {
      using cluster = new PresenceCluster(redis.url);
      const [a, b, c] = await cluster.three();
      const users = Array.from({ length: 1_000 }, (_, number) => number);
      await Promise.all(
        users.map((number) => a.presence.enter(`room-${number % 50}`, member(`user-${number}`), `${number}`)),
      );
      await cluster.advance(2 * GATHER_MS);
      await settled(b, c);
      a.kill();
      await adopted(cluster, a);
      await cluster.advance(GRACE_MS + GATHER_MS);
      const left: string[] = [];
      for (let number = 0; number < 50; number++) left.push(...cluster.names(`room-${number}`).left);
      expect(left.toSorted()).to.deep.equal(users.map((number) => `user-${number}`).toSorted());
    });

    it("is found by a new one, though all were killed at once, and though the registry was lost", async () => {
      for (const lost of [false, true]) {
        using cluster = new PresenceCluster(redis.url);
        const workers = await cluster.two();
        for (const [place, worker] of workers.entries()) await enter(worker, `user-${place}`);
        for (const worker of workers) worker.kill();
        if (lost) await redis.admin.del(cluster.registry);
        const next = await cluster.start();
        expect(await there(next)).to.have.length(2);
        await eventually(async () => {
          await cluster.advance(GRACE_MS);
          return (await there(next)).length === 0;
        });
        await cluster.advance(GATHER_MS);
        expect(cluster.names(ROOM).left.toSorted()).to.deep.equal(["user-0", "user-1"]);
      }
    });
  });

  describe("of a worker that is there", () => {
    it("does not flap when its event loop stands still for a third of a lease", async () => {
      using cluster = new PresenceCluster(redis.url);
      const [a, b] = await cluster.two();
      let registered = 0;
      a.workers.onRegistered(() => registered++);
      await enter(a, "ann");
      await cluster.advance(GATHER_MS);
      await settled(a, b);
      a.eventLoop.stall();
      await eventually(async () => (await redis.admin.pttl(cluster.lease(a))) < LEASE_MS / 2);
      expect(b.workers.live().map(({ id }) => id)).to.include(a.id);
      a.eventLoop.wake();
      await a.workers.refresh();
      expect(registered).to.equal(0);
      await cluster.advance(GRACE_MS + GATHER_MS);
      expect(cluster.names(ROOM)).to.deep.equal({ joined: ["ann"], left: [] });
      expect(await there(b)).to.deep.equal(["ann"]);
    });

    it("has its members back when it wakes within their grace, and nobody hears of it", async () => {
      using cluster = new PresenceCluster(redis.url);
      const [a, b] = await cluster.two();
      await enter(a, "ann");
      await cluster.advance(GATHER_MS);
      await settled(a, b);
      a.eventLoop.stall();
      await adopted(cluster, a);
      await cluster.advance(GRACE_MS / 2);
      a.eventLoop.wake();
      await settled(a);
      await cluster.advance(2 * GRACE_MS);
      expect(await there(b)).to.deep.equal(["ann"]);
      expect(cluster.names(ROOM)).to.deep.equal({ joined: ["ann"], left: [] });
      await a.presence.leave(ROOM, "ann", "ann");
      expect(await there(b)).to.deep.equal([]);
    });

    it("has them told as joined again when they had been told as left meanwhile", async () => {
      using cluster = new PresenceCluster(redis.url);
      const [a, b] = await cluster.two();
      await enter(a, "ann");
      await cluster.advance(GATHER_MS);
      await settled(a, b);
      a.eventLoop.stall();
      await adopted(cluster, a);
      await cluster.advance(GRACE_MS + GATHER_MS);
      expect(await there(b)).to.deep.equal([]);
      a.eventLoop.wake();
      await eventually(async () => (await there(b)).length === 1);
      await cluster.advance(GATHER_MS);
      expect(cluster.names(ROOM)).to.deep.equal({ joined: ["ann", "ann"], left: ["ann"] });
    });

    it("does not flap when it is replaced by another one, and its members come back there", async () => {
      using cluster = new PresenceCluster(redis.url);
      const [a, b] = await cluster.two();
      const users = ["ann", "bob", "cat"];
      for (const user of users) await enter(a, user);
      await cluster.advance(GATHER_MS);
      await settled(b);
      await a.workers.leave();
      await adopted(cluster, a);
      for (const user of users) {
        await drop(a, user);
        await enter(b, user, `${user} again`);
        await cluster.advance(GATHER_MS);
      }
      expect((await refusalOf(enter(a, "dan"))).code).to.equal("unavailable");
      a.kill();
      await cluster.advance(2 * GRACE_MS);
      expect(await there(b)).to.deep.equal(users);
      expect(cluster.names(ROOM)).to.deep.equal({ joined: users, left: [] });
    });
  });
});
