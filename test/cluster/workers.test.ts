import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { joinWorkers, LEASE_MS, type WorkerInfo, type Workers } from "../../src/cluster/workers.ts";
import { silent } from "../../src/logger.ts";
import { COMMAND_MS, type RedisLink } from "../../src/redis/link.ts";
import { keysOf } from "../../src/redis/partition.ts";
import { openLink } from "../kit/link.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";

const SHORT_MS = 600;

interface Worker extends Disposable {
  readonly info: WorkerInfo;
  readonly workers: Workers;
  readonly link: RedisLink;
  /** Whom it was told of as dead, as often as it was. */
  readonly dead: string[];
  /** How often it was told that it had to register again. */
  registered: number;
  /** As by `kill -9`. */
  kill(): void;
}

const idsOf = (workers: readonly WorkerInfo[]) => workers.map(({ id }) => id).toSorted();

const settled = (...all: Worker[]) => eventually(() => all.every(({ workers }) => workers.settled), 10_000);

describe("the workers of a cluster", () => {
  let redis: RedisServer;
  let prefix: string;
  before(async () => (redis = await startRedis()));
  beforeEach(() => (prefix = `test-${randomBytes(6).toString("hex")}`));
  after(() => redis[Symbol.asyncDispose]());

  const key = (...parts: string[]) => keysOf(prefix, "workers")(...parts);
  const registered = () => redis.admin.hkeys(key("workers"));

  function join(options: { leaseMs?: number; advertise?: string; onDead?: () => Promise<void> } = {}): Worker {
    const { leaseMs = SHORT_MS, advertise, onDead } = options;
    const link = openLink(redis.url, prefix);
    const id = randomBytes(6).toString("hex");
    const known = { id, host: "here", pid: 1, startedAt: 2, version: "3.0.0", protocol: 1 } as const;
    const info: WorkerInfo = advertise === undefined ? known : { ...known, advertise };
    const workers = joinWorkers({ link, clock: systemClock, logger: silent, info, leaseMs });
    const kill = () => {
      workers.close();
      link.close();
    };
    const worker: Worker = { info, workers, link, dead: [], registered: 0, kill, [Symbol.dispose]: kill };
    workers.onRegistered(() => worker.registered++);
    workers.onDead(async (dead) => {
      worker.dead.push(dead);
      await onDead?.();
    });
    return worker;
  }

  it("know each other, and themselves before anything else", async () => {
    using a = join({ advertise: "10.0.0.1:4000" });
    expect(a.workers.live()).to.deep.equal([a.info]);
    using b = join();
    const both = [a.info.id, b.info.id].toSorted();
    await eventually(() => [a, b].every(({ workers }) => workers.live().length === 2 && workers.held));
    expect(idsOf(await a.workers.refresh())).to.deep.equal(both);
    expect(b.workers.live()).to.deep.include(a.info);
    expect(b.workers.isAlive(a.info.id)).to.equal(true);
    expect(b.workers.isAlive("nobody")).to.equal(false);
  });

  it("have a lease of six seconds, which two that are missed do not end", async () => {
    using worker = join({ leaseMs: LEASE_MS });
    await eventually(() => worker.workers.held);
    expect(LEASE_MS).to.equal(6_000);
    expect(await redis.admin.pttl(key("worker", worker.info.id))).to.be.within(LEASE_MS - 1_600, LEASE_MS);
    await redis.admin.pexpire(key("worker", worker.info.id), 3_000);
    await eventually(async () => (await redis.admin.pttl(key("worker", worker.info.id))) > 4_400);
    expect(worker.registered).to.equal(0);
  });

  it("hear of each one that dies, as soon as its lease has run out, and forget it once that was dealt with", async () => {
    using a = join();
    using b = join();
    using c = join();
    await settled(a, b, c);
    a.kill();
    const killedAt = performance.now();
    await eventually(() => b.dead.length + c.dead.length > 0);
    expect(performance.now() - killedAt).to.be.within(SHORT_MS / 2, SHORT_MS + 1_000);
    await eventually(async () => !(await registered()).includes(a.info.id));
    const others = [b.info.id, c.info.id].toSorted();
    await eventually(() => [b, c].every(({ workers }) => workers.live().length === 2));
    expect(idsOf(await b.workers.refresh())).to.deep.equal(others);
    expect(new Set([...b.dead, ...c.dead])).to.deep.equal(new Set([a.info.id]));
    for (const { dead } of [b, c]) expect(dead).to.have.length.below(2);
  });

  it("look when a lease is about to run out, not only when it is time to renew their own", async () => {
    using a = join({ leaseMs: 3_600 });
    await settled(a);
    const lapses = new Map<string, number>();
    for (const [id, leaseMs] of [["one", 1_300] as const, ["other", 1_750] as const]) {
      lapses.set(id, performance.now() + leaseMs);
      await redis.admin.set(key("worker", id), "1", "PX", leaseMs);
      await redis.admin.hset(key("workers"), id, "{}");
    }
    for (const [id, lapsesAt] of lapses) {
      await eventually(() => a.dead.includes(id));
      expect(performance.now() - lapsesAt).to.be.within(0, 440);
    }
  });

  it("hear of it again while it could not be dealt with", async () => {
    let failures = 2;
    using a = join();
    using b = join({
      onDead: async () => {
        if (failures-- > 0) throw new Error("not now");
      },
    });
    await settled(a, b);
    a.kill();
    await eventually(async () => (await registered()).length === 1);
    expect(b.dead).to.deep.equal([a.info.id, a.info.id, a.info.id]);
  });

  it("take nobody for dead before they have held a lease for as long as one lasts", async () => {
    {
      using gone = join();
      await eventually(() => gone.workers.held);
    }
    await eventually(async () => (await redis.admin.keys(key("worker", "*"))).length === 0);
    using a = join();
    await eventually(() => a.workers.held);
    const heldAt = performance.now();
    expect(a.workers.settled).to.equal(false);
    await eventually(() => a.dead.length === 1);
    expect(performance.now() - heldAt).to.be.above(SHORT_MS - 100);
    expect(a.workers.settled).to.equal(true);
  });

  it("outlive an outage longer than a lease, know each other all the while, and register again", async () => {
    using a = join();
    using b = join();
    await settled(a, b);
    redis.stall();
    const stalledAt = performance.now();
    await eventually(() => !a.link.up && !a.workers.held && !b.workers.held, 10_000);
    // Nobody hears the replies to what Redis was last asked, though it carries it out when it wakes.
    await eventually(() => performance.now() - stalledAt > 2 * COMMAND_MS);
    expect(a.workers.live()).to.have.length(2);
    expect(a.workers.settled).to.equal(false);
    expect((await refusalOf(a.workers.refresh())).code).to.equal("unavailable");
    redis.wake();
    await settled(a, b);
    expect([a.dead, b.dead]).to.deep.equal([[], []]);
    expect([a.registered, b.registered]).to.deep.equal([1, 1]);
    expect(a.workers.live()).to.have.length(2);
  });

  it("register again after a flush, without losing sight of each other", async () => {
    using a = join();
    using b = join();
    await settled(a, b);
    await redis.admin.flushall();
    await eventually(() => {
      expect(a.workers.live()).to.have.length(2);
      return a.registered === 1 && b.registered === 1;
    });
    expect((await registered()).toSorted()).to.deep.equal([a.info.id, b.info.id].toSorted());
    await settled(a, b);
    expect([a.dead, b.dead]).to.deep.equal([[], []]);
  });

  it("keep their leases while Redis has no memory", async () => {
    using a = join();
    await settled(a);
    const since = performance.now();
    await redis.admin.config("SET", "maxmemory", "1");
    try {
      await eventually(() => performance.now() - since > SHORT_MS && a.workers.settled);
      expect(a.registered).to.equal(0);
    } finally {
      await redis.admin.config("SET", "maxmemory", "0");
    }
  });

  it("let their lease run out when they leave, and deal with nobody's any more", async () => {
    using a = join();
    using b = join();
    using c = join();
    await settled(a, b, c);
    await a.workers.leave();
    c.kill();
    await eventually(async () => (await registered()).length === 1);
    expect(b.dead.toSorted()).to.deep.equal([a.info.id, c.info.id].toSorted());
    expect(a.dead).to.deep.equal([]);
    expect(a.workers.held).to.equal(false);
    expect(idsOf(await a.workers.refresh())).to.include(b.info.id);
    expect(await redis.admin.exists(key("worker", a.info.id))).to.equal(0);
  });

  it("may be of another release: what is not known is left out, and what is not understood is alive all the same", async () => {
    using a = join();
    await settled(a);
    const newer = { id: "newer", host: "h", pid: 1, startedAt: 1, version: "9", protocol: 1, color: "red" };
    for (const id of ["newer", "other", "garbage"]) await redis.admin.set(key("worker", id), "1", "PX", SHORT_MS);
    await redis.admin.hset(key("workers"), {
      newer: JSON.stringify(newer),
      other: JSON.stringify({ protocol: 2 }),
      garbage: "{",
    });
    const { color: _, ...known } = newer;
    expect(await a.workers.refresh()).to.deep.equal([a.info, known]);
    for (const id of ["newer", "other", "garbage"]) expect(a.workers.isAlive(id)).to.equal(true);
    await eventually(() => a.dead.length >= 3);
    expect([...new Set(a.dead)].toSorted()).to.deep.equal(["garbage", "newer", "other"]);
  });
});
