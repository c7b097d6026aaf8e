import { stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Entry } from "../../src/log/index.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";
import type { Hearer } from "./hearer.ts";
import { seqsOf, upTo } from "./suite/scene.ts";
import { newPrefix, work, type Worker } from "./worker.ts";

const DURABLE = { appendonly: "yes", appendfsync: "always" };

const aof = ({ folder }: RedisServer) => join(folder, "appendonlydir", "appendonly.aof.1.incr.aof");

/** How much of its file a Redis has to keep to be where it is now. */
const mark = async (server: RedisServer) => (await stat(aof(server))).size;

/** Kills it, and starts it again without what it has written since the mark. */
async function rollBack(server: RedisServer, bytes: number): Promise<void> {
  await server.kill();
  await truncate(aof(server), bytes);
  await server.start();
}

/** A way to Redis that can be shut: a worker behind it does not notice what happens there. */
async function openWay(server: RedisServer) {
  let isOpen = true;
  const proxy = await Proxy.start({ target: () => (isOpen ? server.port : undefined) });
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    shut() {
      isOpen = false;
      proxy.cut();
    },
    open: () => void (isOpen = true),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

const idsOf = (entries: readonly Entry[]) => entries.map(({ id }) => id);

/** Waits until somebody has heard an entry; what came after the last reset is returned. */
async function toldUpTo(hearer: Hearer, { epoch, seq }: Entry): Promise<Entry[]> {
  await eventually(() => hearer.entries.some((entry) => entry.epoch === epoch && entry.seq === seq), 10_000);
  return hearer.entries.filter((entry) => entry.epoch === epoch);
}

describe("a log in a Redis that was rolled back", () => {
  let server: RedisServer;
  let prefix: string;
  before(async () => (server = await startRedis(DURABLE)));
  beforeEach(() => (prefix = newPrefix()));
  after(() => server[Symbol.asyncDispose]());

  it("begins a new epoch before anything is numbered, and tells everybody from where", async () => {
    using one = await work(server.url, prefix);
    using other = await work(server.url, prefix);
    const hearers = [await one.watch(), await other.watch()];
    const before = await one.sendMany(90);
    const kept = await mark(server);
    const lost = await one.sendMany(10);
    await eventually(() => hearers.every(({ entries }) => entries.length === 100));
    await rollBack(server, kept);
    const entry = await one.insist("next");
    expect(entry.seq).to.equal(91);
    expect(entry.epoch).not.to.equal(lost[0]?.epoch);
    for (const hearer of hearers) {
      expect(idsOf(await toldUpTo(hearer, entry))).to.deep.equal(["next"]);
      expect(hearer.resets).to.have.length(1);
      expect(hearer.resets[0]).to.include({ epoch: entry.epoch, seq: 90, id: before[89]?.id });
    }
    expect(await one.send(before[0]?.id)).to.deep.include({ duplicate: true });
    expect(await one.send(lost[0]?.id)).to.deep.include({ duplicate: false });
  });

  it("gives what was written by somebody who had not noticed to everybody, once", async () => {
    await using way = await openWay(server);
    await using slowWay = await openWay(server);
    using ahead = await work(way.url, prefix);
    using behind = await work(slowWay.url, prefix);
    using writer = await work(server.url, prefix);
    const [hearer, slow] = [await ahead.watch(), await behind.watch()];
    await writer.sendMany(80);
    await eventually(() => slow.entries.length === 80);
    slowWay.shut();
    await writer.sendMany(10);
    const kept = await mark(server);
    await writer.sendMany(10);
    await eventually(() => hearer.entries.length === 100);
    way.shut();
    await rollBack(server, kept);
    using fresh = await work(server.url, prefix);
    const unnoticed = await fresh.sendMany(5);
    expect(unnoticed[0], "nobody has told it").to.include({ epoch: hearer.entries[0]?.epoch, seq: 91 });
    way.open();
    slowWay.open();
    await eventually(() => ahead.link.up && behind.link.up);
    await ahead.check();
    const entry = await fresh.insist("next");

    expect(idsOf(await toldUpTo(hearer, entry))).to.deep.equal([...idsOf(unnoticed), "next"]);
    expect(hearer.resets.map(({ seq }) => seq)).to.deep.equal([90]);
    await toldUpTo(slow, entry);
    // What it is told under one epoch or the other depends on when it comes back: all of it, and none of it twice.
    expect(seqsOf(slow.entries)).to.deep.equal(upTo(96));
    expect(idsOf(slow.entries.slice(90))).to.deep.equal([...idsOf(unnoticed), "next"]);
  });

  it("gives what was written over several restarts that somebody had not noticed, once", async () => {
    await using way = await openWay(server);
    using away = await work(way.url, prefix);
    const hearer = await away.watch();
    {
      using writer = await work(server.url, prefix);
      await writer.sendMany(20);
      await server.kill();
      await server.start();
      await writer.insist("after a restart that lost nothing");
    }
    const kept = await mark(server);
    {
      using writer = await work(server.url, prefix);
      await writer.sendMany(10);
      await eventually(() => hearer.entries.length === 31);
    }
    way.shut();
    await rollBack(server, kept);
    const unnoticed: Entry[] = [];
    for (let restarts = 3; restarts > 0; restarts--) {
      using fresh = await work(server.url, prefix);
      unnoticed.push(...(await fresh.sendMany(2)));
      await server.kill();
      await server.start();
    }
    way.open();
    const entry = await away.insist("next");
    expect(idsOf(await toldUpTo(hearer, entry))).to.deep.equal([...idsOf(unnoticed), "next"]);
    expect(hearer.resets.map(({ seq }) => seq)).to.deep.equal([21]);
  });

  it("does not take up an epoch again that was rolled back with it", async () => {
    using worker = await work(server.url, prefix);
    const [first] = await worker.sendMany(10);
    const kept = await mark(server);
    const lost = await worker.sendMany(10);
    await rollBack(server, kept);
    const renewed = await worker.insist("renewed");
    expect(renewed.epoch).not.to.equal(first?.epoch);
    await rollBack(server, kept);
    const entry = await worker.insist("again");
    expect(entry.seq).to.equal(11);
    expect([first?.epoch, renewed.epoch]).not.to.include(entry.epoch);
    expect(await worker.insist(lost[0]?.id ?? "")).to.include({ epoch: entry.epoch, seq: 12 });
  });

  it("is noticed by whoever looks where the log ends, before anybody is shown an old number again", async () => {
    using worker = await work(server.url, prefix);
    await worker.sendMany(10);
    const kept = await mark(server);
    const { epoch } = (await worker.sendMany(1))[0] as Entry;
    await rollBack(server, kept);
    await eventually(() => worker.link.up);
    const head = await worker.log.head("topic");
    expect(head.head).to.equal(10);
    expect(head.epoch).not.to.equal(epoch);
  });

  it("is no other log after a restart that lost nothing", async () => {
    using worker = await work(server.url, prefix);
    const hearer = await worker.watch();
    const [first] = await worker.sendMany(10);
    await server.kill();
    await server.start();
    const entry = await worker.insist("next");
    expect(entry).to.include({ epoch: first?.epoch, seq: 11 });
    await eventually(() => hearer.entries.length === 11);
    expect(hearer.resets).to.deep.equal([]);
  });
});

describe("a log in a Redis that has lost it", () => {
  it("begins anew when an older dump is loaded: from what the dump holds", async () => {
    await using server = await startRedis();
    using worker = await work(server.url, newPrefix());
    const hearer = await worker.watch();
    const before = await worker.sendMany(10);
    await server.admin.save();
    await worker.sendMany(5);
    await eventually(() => hearer.entries.length === 15);
    await server.kill();
    await server.start();
    const entry = await worker.insist("next");
    expect(entry.seq).to.equal(11);
    expect(entry.epoch).not.to.equal(before[0]?.epoch);
    expect(idsOf(await toldUpTo(hearer, entry))).to.deep.equal(["next"]);
    expect(hearer.resets.map(({ seq }) => seq)).to.deep.equal([10]);
  });

  for (const how of ["is flushed", "comes back empty"]) {
    it(`begins anew when it ${how}: from nothing, and with no draft from before`, async () => {
      await using server = await startRedis();
      using worker = await work(server.url, newPrefix());
      const hearer = await worker.watch();
      const [first] = await worker.sendMany(10);
      await eventually(() => hearer.entries.length === 10);
      if (how === "is flushed") await server.admin.flushall();
      else {
        await server.kill();
        await server.start();
      }
      // By itself: nobody writes anything.
      await eventually(() => hearer.resets.length === 1);
      const { epoch } = hearer.resets[0] ?? expect.fail();
      expect(hearer.resets).to.deep.equal([{ epoch, seq: 0 }]);
      expect(epoch).not.to.equal(first?.epoch);
      expect(await refusalOf(older(worker, first as Entry))).to.include({ code: "too_late" });
      const { entry } = await worker.send("next");
      expect(entry).to.include({ epoch, seq: 1 });
      expect(idsOf(await toldUpTo(hearer, entry))).to.deep.equal(["next"]);
    });
  }

  for (const key of ["entries", "meta"]) {
    it(`begins anew when somebody takes its ${key} away`, async () => {
      await using server = await startRedis();
      using worker = await work(server.url, newPrefix());
      const hearer = await worker.watch();
      const [first] = await worker.sendMany(10);
      await eventually(() => hearer.entries.length === 10);
      const [found = ""] = await server.admin.keys(`*:log:room:${key}:topic`);
      expect(await server.admin.del(found)).to.equal(1);
      using fresh = await work(server.url, worker.prefix);
      for (const each of [fresh, fresh, worker])
        expect(await refusalOf(older(each, first as Entry))).to.include({ code: "too_late" });
      const { entry } = await worker.send("next");
      expect(entry.seq).to.equal(1);
      expect(entry.epoch).not.to.equal(first?.epoch);
      expect(idsOf(await toldUpTo(hearer, entry))).to.deep.equal(["next"]);
      expect(hearer.resets.map(({ seq }) => seq)).to.deep.equal([0]);
      expect((await worker.log.read("topic", { after: 0, limit: 10 })).entries).to.deep.equal([entry]);
    });
  }
});

/** A draft that was made when an entry was written. */
const older = ({ log }: Worker, { at }: Entry) =>
  log.append("topic", { id: "older", by: "bob", kind: "sent", body: {} }, { createdAt: at });
