import { expect } from "chai";
import type { Order } from "../../src/control/index.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";
import { controlSuite } from "./suite.ts";
import { newPrefix, plantBans, readyWorker } from "./workers.ts";

const ROOM = "lobby";
const HOUR_MS = 3_600_000;

const ban = (user: string, until: { untilAt?: number } = {}): Order => ({ action: "ban", room: ROOM, user, ...until });
const unban = (user: string): Order => ({ action: "unban", room: ROOM, user });

describe("control in Redis", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis()));
  after(() => server[Symbol.asyncDispose]());

  controlSuite(async () => {
    const worker = await readyWorker(server.url, newPrefix());
    return {
      control: worker.control,
      now: () => worker.now(),
      advance: (ms) => worker.advance(ms),
      close: async () => worker[Symbol.dispose](),
    };
  });

  it("holds an order on every worker, and tells each worker's listeners once and in order", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    using other = await readyWorker(server.url, prefix);
    const orders: Order[] = [
      ban("ann", { untilAt: one.now() + HOUR_MS }),
      { action: "kick", room: ROOM, user: "bob", reason: '\ud800 "spam"' },
      { action: "mute", room: ROOM, user: "cat" },
      { action: "quit", room: ROOM, user: "dan" },
      { action: "revoke", user: "eve", at: 1_000.5 },
      unban("ann"),
    ];
    for (const order of orders) await one.control.issue(order);
    await eventually(() => other.heard.length >= orders.length);
    expect(one.heard).to.deep.equal(orders);
    expect(other.heard).to.deep.equal(orders);
    expect(other.control.ban(ROOM, "ann")).to.equal(undefined);
    expect(other.control.mute(ROOM, "cat")).to.deep.equal({});
    expect(other.control.revokedAt("eve")).to.equal(1_000.5);
    await other.control.issue(ban("bob"));
    await eventually(() => one.control.ban(ROOM, "bob") !== undefined);
    expect(one.heard).to.have.length(orders.length + 1);
    expect(other.heard).to.have.length(orders.length + 1);
  });

  it("reaches workers whose pub/sub connection was cut at that very moment", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    using other = await readyWorker(server.url, prefix);
    const users = Array.from({ length: 10 }, (_, n) => `user-${n}`);
    for (const user of users) {
      await Promise.all([server.admin.call("CLIENT", "KILL", "TYPE", "pubsub"), one.control.issue(ban(user))]);
    }
    await eventually(() => users.every((user) => other.control.ban(ROOM, user) !== undefined));
    expect(other.heard).to.deep.equal(users.map((user) => ban(user)));
    expect(one.heard).to.deep.equal(users.map((user) => ban(user)));
  });

  it("outlives all workers", async () => {
    const prefix = newPrefix();
    const untilAt = Date.now() + HOUR_MS;
    {
      using one = await readyWorker(server.url, prefix);
      using other = await readyWorker(server.url, prefix);
      await one.control.issue(ban("ann"));
      await one.control.issue({ action: "kick", room: ROOM, user: "ann", untilAt });
      await other.control.issue({ action: "mute", room: ROOM, user: "ann", untilAt });
      await other.control.issue({ action: "kick", room: ROOM, user: "bob", untilAt });
      await one.control.issue({ action: "kick", room: ROOM, user: "cat" });
      await one.control.issue(ban("dan"));
      await other.control.issue(unban("dan"));
      await one.control.issue({ action: "revoke", user: "ann", at: 3_000 });
    }
    using next = await readyWorker(server.url, prefix);
    expect(next.control.isLoaded).to.equal(true);
    expect(next.control.ban(ROOM, "ann")).to.deep.equal({});
    expect(next.control.mute(ROOM, "ann")).to.deep.equal({ untilAt });
    expect(next.control.ban(ROOM, "bob")).to.deep.equal({ untilAt });
    expect(next.control.ban(ROOM, "cat")).to.equal(undefined);
    expect(next.control.ban(ROOM, "dan")).to.equal(undefined);
    expect(next.control.revokedAt("ann")).to.equal(3_000);
    expect(next.heard).to.deep.equal([]);
  });

  it("keeps the stricter of two that workers issue at the same moment, also for those that come later", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    using other = await readyWorker(server.url, prefix);
    const users = Array.from({ length: 20 }, (_, n) => `user-${n}`);
    const [soon, later] = [one.now() + HOUR_MS, one.now() + 2 * HOUR_MS];
    await Promise.all(
      users.flatMap((user, n) => {
        const [first, second] = n % 2 ? [one, other] : [other, one];
        return [
          first.control.issue({ action: "revoke", user, at: 3_000 }),
          second.control.issue({ action: "revoke", user, at: 1_000 }),
          first.control.issue({ action: "kick", room: ROOM, user, untilAt: later }),
          second.control.issue({ action: "kick", room: ROOM, user, untilAt: soon }),
          first.control.issue({ action: "ban", room: "another", user }),
          second.control.issue({ action: "kick", room: "another", user, untilAt: later }),
        ];
      }),
    );
    const isStrict = ({ control }: typeof one, user: string) =>
      control.revokedAt(user) === 3_000 &&
      control.ban(ROOM, user)?.untilAt === later &&
      JSON.stringify(control.ban("another", user)) === "{}";
    await eventually(() => users.every((user) => isStrict(one, user) && isStrict(other, user)));
    // What was kept the wrong way round is mended by whoever hears of it.
    await eventually(async () => {
      using next = await readyWorker(server.url, prefix);
      return users.every((user) => isStrict(next, user));
    });
  });

  it("knows 5,000 bans soon after the start", async () => {
    const prefix = newPrefix();
    const users = Array.from({ length: 5_000 }, (_, n) => `user-${n}`);
    using one = await readyWorker(server.url, prefix);
    await plantBans(one, ROOM, users);
    const startedAt = performance.now();
    using next = await readyWorker(server.url, prefix);
    expect(performance.now() - startedAt).to.be.below(2_000);
    for (const user of users) expect(next.control.ban(ROOM, user)).to.deep.equal({});
  });

  it("takes out of what is kept what ran out long ago, and nothing that was imposed anew", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    await one.control.issue(ban("ann", { untilAt: one.now() + 1_000 }));
    await one.control.issue(ban("bob", { untilAt: one.now() + 1_000 }));
    await one.control.issue(ban("cat"));
    await one.control.issue({ action: "revoke", user: "ann", at: 1_000 });
    const kept = async () => [...(await one.log.kept("orders")).values.keys()].toSorted();
    expect(await kept()).to.have.length(4);
    // Over, though perhaps not yet by every worker's clock.
    using soon = await readyWorker(server.url, prefix, { skewMs: 2_000 });
    expect(soon.control.ban(ROOM, "ann")).to.equal(undefined);
    expect(await kept()).to.have.length(4);
    await one.control.issue(ban("bob"));
    for (const worker of [one, soon]) await worker.advance(2 * HOUR_MS);
    using next = await readyWorker(server.url, prefix, { skewMs: 2 * HOUR_MS });
    expect(next.control.ban(ROOM, "bob")).to.deep.equal({});
    await eventually(async () => (await kept()).length === 3);
    expect(await kept()).to.deep.equal([`ban ${ROOM} bob`, `ban ${ROOM} cat`, "revoke ann"]);
  });

  it("puts back what somebody took out whose clock was wrong", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    const until = { untilAt: one.now() + HOUR_MS };
    await one.control.issue(ban("ann", until));
    using wrong = await readyWorker(server.url, prefix, { skewMs: 3 * HOUR_MS });
    expect(wrong.control.ban(ROOM, "ann")).to.equal(undefined);
    await eventually(async () => {
      const { entries } = await one.log.read("orders", { after: 0, limit: 100 });
      return entries.map(({ kind }) => kind).join(" ") === "issued swept restored";
    });
    using next = await readyWorker(server.url, prefix);
    expect(next.control.ban(ROOM, "ann")).to.deep.equal(until);
  });

  it("tells the others of an order though one listener fails on it", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    using other = await readyWorker(server.url, prefix);
    for (const { control } of [one, other]) {
      control.listen(() => {
        throw new Error("a listener's own");
      });
    }
    const late: Order[] = [];
    other.control.listen((order) => late.push(order));
    await one.control.issue(ban("ann"));
    await one.control.issue(unban("ann"));
    await eventually(() => late.length === 2);
    expect(other.lines.filter(({ level }) => level === "error")).to.have.length(2);
  });

  it("leaves alone what a later release may issue", async () => {
    const prefix = newPrefix();
    using one = await readyWorker(server.url, prefix);
    const order = { action: "warn", room: ROOM, user: "ann" };
    const by = "worker of tomorrow";
    await one.log.append("orders", { id: "order-0001", by, kind: "issued", body: { order, keeps: {} } });
    await one.log.append("orders", { id: "order-0002", by, kind: "sung", body: { verse: 1 } });
    await one.log.append("orders", {
      id: "order-0003",
      by,
      kind: "issued",
      body: { order: ban("ann"), keeps: { [`ban ${ROOM} ann`]: "Infinity" }, mood: "grim" },
    });
    await eventually(() => one.control.ban(ROOM, "ann") !== undefined);
    expect(one.heard).to.deep.equal([ban("ann")]);
  });
});
