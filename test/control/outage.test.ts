import { expect } from "chai";
import type { Order } from "../../src/control/index.ts";
import { DURABLE, loseTail, markTail } from "../kit/faults.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";
import { newPrefix, plantBans, readyWorker, startWorker } from "./workers.ts";

const ROOM = "lobby";

const ban = (user: string): Order => ({ action: "ban", room: ROOM, user });
const unban = (user: string): Order => ({ action: "unban", room: ROOM, user });
const kick = (user: string): Order => ({ action: "kick", room: ROOM, user });

const PATIENCE_MS = 15_000;

describe("control while Redis is out", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis(DURABLE)));
  after(() => server[Symbol.asyncDispose]());

  for (const [how, breakIt, mendIt] of [
    ["stalled", () => server.stall(), () => server.wake()],
    ["dead", () => server.kill(), () => server.start()],
  ] as const) {
    it(`holds orders at once, refuses them in time and stores them afterwards, with Redis ${how}`, async () => {
      const prefix = newPrefix();
      using one = await readyWorker(server.url, prefix);
      using other = await readyWorker(server.url, prefix);
      const orders = [ban("ann"), ban("bob"), unban("bob"), kick("cat")];
      await breakIt();
      try {
        const startedAt = performance.now();
        const refusals = orders.map((order) => refusalOf(one.control.issue(order)));
        // In this very turn.
        expect(one.heard).to.deep.equal(orders);
        expect(one.control.ban(ROOM, "ann")).to.deep.equal({});
        for (const { code } of await Promise.all(refusals)) expect(code).to.equal("unavailable");
        expect(performance.now() - startedAt).to.be.below(2_000);
      } finally {
        await mendIt();
      }
      await eventually(() => other.heard.length >= orders.length, PATIENCE_MS);
      expect(other.heard).to.deep.equal(orders);
      expect(other.control.ban(ROOM, "ann")).to.deep.equal({});
      expect(other.control.ban(ROOM, "bob")).to.equal(undefined);
      await one.control.issue(kick("dan"));
      await eventually(() => other.heard.length > orders.length);
      expect(other.heard).to.have.length(orders.length + 1);
      expect(one.heard).to.have.length(orders.length + 1);
    }).timeout(30_000);
  }

  it("comes to the same on every worker, whatever was ordered against each other meanwhile", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    using other = await readyWorker(server.url, prefix);
    const users = Array.from({ length: 20 }, (_, n) => `user-${n}`);
    server.stall();
    try {
      await Promise.all(
        users.flatMap((user) => [
          refusalOf(one.control.issue(ban(user))),
          refusalOf(other.control.issue(unban(user))),
          refusalOf(other.control.issue({ ...ban(user), room: "another" } as Order)),
          refusalOf(one.control.issue({ ...unban(user), room: "another" } as Order)),
        ]),
      );
      for (const user of users) {
        expect(one.control.ban(ROOM, user)).to.deep.equal({});
        expect(other.control.ban(ROOM, user)).to.equal(undefined);
      }
    } finally {
      server.wake();
    }
    await eventually(() => [one, other].every(({ heard }) => heard.length === 4 * users.length), PATIENCE_MS);
    using next = await readyWorker(server.url, prefix);
    for (const room of [ROOM, "another"]) {
      for (const user of users) {
        expect(one.control.ban(room, user)).to.deep.equal(next.control.ban(room, user));
        expect(other.control.ban(room, user)).to.deep.equal(next.control.ban(room, user));
      }
    }
  });

  it("tells of what stands where a worker has missed more than the log holds", async () => {
    const prefix = newPrefix();
    let reachable = true;
    await using proxy = await Proxy.start({ target: () => (reachable ? server.port : undefined) });
    using one = await readyWorker(server.url, prefix, { size: 3 });
    using far = await readyWorker(`redis://127.0.0.1:${proxy.port}`, prefix, { size: 3 });
    await one.control.issue(ban("zoe"));
    await eventually(() => far.heard.length === 1);
    reachable = false;
    proxy.cut();
    await one.control.issue(unban("zoe"));
    await one.control.issue({ ...ban("yan"), untilAt: one.now() + 60_000 } as Order);
    const users = ["ann", "bob", "cat", "dan", "eve"];
    for (const user of users) await one.control.issue(ban(user));
    for (const worker of [one, far]) await worker.advance(120_000);
    reachable = true;
    await eventually(() => users.every((user) => far.control.ban(ROOM, user) !== undefined), PATIENCE_MS);
    expect(far.control.ban(ROOM, "zoe")).to.equal(undefined);
    expect(far.heard.slice(1)).to.have.deep.members(users.map((user) => ban(user)));
  });

  it("writes back what Redis lost with the end of its file, and lifts nothing that was imposed again", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    using other = await readyWorker(server.url, prefix);
    await one.control.issue(ban("ann"));
    const mark = await markTail(server);
    await one.control.issue(ban("bob"));
    await other.control.issue({ action: "revoke", user: "bob", at: 5_000 });
    await eventually(() => one.control.revokedAt("bob") === 5_000);
    await server.kill();
    await loseTail(mark);
    await server.start();
    await eventually(async () => {
      using next = await readyWorker(server.url, prefix);
      expect(next.control.ban(ROOM, "ann")).to.deep.equal({});
      expect(next.control.ban(ROOM, "bob")).to.deep.equal({});
      expect(next.control.revokedAt("bob")).to.equal(5_000);
      return true;
    }, PATIENCE_MS);
    for (const { heard } of [one, other]) expect(heard).to.have.length(3);
  });

  it("lets it be known that nothing is known yet, and loads when Redis comes", async () => {
    const prefix = newPrefix();
    {
      using one = await readyWorker(server.url, prefix);
      await one.control.issue(ban("ann"));
    }
    server.stall();
    using late = startWorker(server.url, prefix);
    try {
      expect(late.control.isLoaded).to.equal(false);
      expect((await refusalOf(late.control.issue(ban("bob")))).code).to.equal("unavailable");
      expect(late.control.isLoaded).to.equal(false);
    } finally {
      server.wake();
    }
    await late.control.loaded;
    expect(late.control.isLoaded).to.equal(true);
    expect(late.control.ban(ROOM, "ann")).to.deep.equal({});
    expect(late.control.ban(ROOM, "bob")).to.deep.equal({});
    await eventually(async () => {
      using next = await readyWorker(server.url, prefix);
      return next.control.ban(ROOM, "bob") !== undefined;
    });
  });

  it("writes back what stands when Redis has lost it, once, and nothing that was lifted", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    using other = await readyWorker(server.url, prefix);
    const users = Array.from({ length: 700 }, (_, n) => `user-${n}`);
    await plantBans(one, ROOM, users);
    await other.control.issue(unban("user-0"));
    await other.control.issue({ action: "revoke", user: "ann", at: 3_000 });
    for (const { control } of [one, other]) await eventually(() => control.revokedAt("ann") === 3_000);
    const [heardHere, heardThere] = [one.heard.length, other.heard.length];
    await server.admin.flushall();
    await eventually(async () => (await one.log.kept("orders")).values.size === users.length, PATIENCE_MS);
    using next = await readyWorker(server.url, prefix);
    for (const user of users.slice(1)) expect(next.control.ban(ROOM, user)).to.deep.equal({});
    expect(next.control.ban(ROOM, "user-0")).to.equal(undefined);
    expect(next.control.revokedAt("ann")).to.equal(3_000);
    // Two chunks of it, though two workers saw the loss; and nobody heard of anything.
    const { entries } = await one.log.read("orders", { after: 0, limit: 100 });
    expect(entries.map(({ kind }) => kind)).to.deep.equal(["restored", "restored"]);
    expect([one.heard.length, other.heard.length]).to.deep.equal([heardHere, heardThere]);
    await next.control.issue(unban("user-1"));
    await eventually(() => one.control.ban(ROOM, "user-1") === undefined);
  });

  it("goes by what was ordered after a loss, not by what stood before it", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    using other = await readyWorker(server.url, prefix);
    for (const user of ["ann", "bob", "cat"]) await one.control.issue(ban(user));
    await eventually(() => other.control.ban(ROOM, "cat") !== undefined);
    const untilAt = one.now() + 60_000;
    await Promise.all([
      server.admin.flushall(),
      one.control.issue(unban("ann")),
      other.control.issue({ action: "ban", room: ROOM, user: "bob", untilAt }),
    ]);
    await eventually(async () => {
      using next = await readyWorker(server.url, prefix);
      expect(next.control.ban(ROOM, "ann")).to.equal(undefined);
      expect(next.control.ban(ROOM, "bob")).to.deep.equal({ untilAt });
      expect(next.control.ban(ROOM, "cat")).to.deep.equal({});
      return true;
    }, PATIENCE_MS);
    for (const { control } of [one, other]) {
      expect(control.ban(ROOM, "ann")).to.equal(undefined);
      expect(control.ban(ROOM, "bob")).to.deep.equal({ untilAt });
    }
  });

  it("refuses at once what it cannot store, keeps no more of it than it has room for, and says which it may forget", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    await server.kill();
    try {
      // Anybody may quit as often as he likes: bans have room beside it.
      const quits = Array.from({ length: 510 }, () => one.control.issue({ action: "quit", room: ROOM, user: "ann" }));
      await Promise.all(quits.map(refusalOf));
      await eventually(() => !one.link.up);
      const startedAt = performance.now();
      const users = Array.from({ length: 505 }, (_, n) => `user-${n}`);
      const refused = await Promise.all(users.map((user) => refusalOf(one.control.issue(ban(user)))));
      expect(new Set(refused.map(({ code }) => code))).to.deep.equal(new Set(["unavailable"]));
      // Nobody waits for what is known to be out.
      expect(performance.now() - startedAt).to.be.below(1_000);
      for (const user of users) expect(one.control.ban(ROOM, user)).to.deep.equal({});
      expect(one.lines.filter(({ level }) => level === "error")).to.have.length(10 + 5);
    } finally {
      await server.start();
    }
    await eventually(async () => {
      using next = await readyWorker(server.url, prefix);
      return next.control.ban(ROOM, "user-499") !== undefined;
    }, PATIENCE_MS);
  });
});
