import { expect } from "chai";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";
import type { Hearer } from "./hearer.ts";
import { seqsOf, upTo } from "./suite/scene.ts";
import { newPrefix, work, type Worker } from "./worker.ts";

/** Two workers that watch one topic and write to it. */
class Pair implements Disposable {
  readonly workers: readonly Worker[];
  readonly hearers: readonly Hearer[];

  private constructor(workers: readonly Worker[], hearers: readonly Hearer[]) {
    this.workers = workers;
    this.hearers = hearers;
  }

  static async start({ url }: RedisServer): Promise<Pair> {
    const prefix = newPrefix();
    const workers = [await work(url, prefix), await work(url, prefix)];
    return new Pair(workers, [await (workers[0] as Worker).watch(), await (workers[1] as Worker).watch()]);
  }

  /** Each writes so many, one after the other, each until it is known to be there. */
  async writeAll(each: number, meanwhile?: (written: number) => Promise<void>): Promise<void> {
    let written = 0;
    await Promise.all(
      this.workers.map(async (worker, index) => {
        for (let n = 0; n < each; n++) {
          await worker.insist(`worker-${index}-${n}`);
          if (++written % 10 === 0) await meanwhile?.(written);
        }
      }),
    );
  }

  /** Everybody has heard all of it, in order, once, and under one epoch. */
  async expectAll(count: number, patienceMs = 10_000): Promise<void> {
    for (const hearer of this.hearers) {
      await eventually(() => hearer.entries.length >= count, patienceMs);
      expect(seqsOf(hearer.entries)).to.deep.equal(upTo(count));
      expect(hearer.resets).to.deep.equal([]);
      expect(new Set(hearer.entries.map(({ id }) => id)).size).to.equal(count);
    }
    expect(this.hearers[0]?.entries).to.deep.equal(this.hearers[1]?.entries);
  }

  [Symbol.dispose](): void {
    for (const worker of this.workers) worker[Symbol.dispose]();
  }
}

describe("a log in Redis, in order, without a gap and without doubles", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis({ appendonly: "yes", appendfsync: "always" })));
  after(() => server[Symbol.asyncDispose]());

  it("though the connections over which it is heard are killed again and again", async () => {
    using pair = await Pair.start(server);
    await pair.writeAll(250, async (written) => {
      if (written % 50 === 0) await server.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
    });
    await pair.expectAll(500);
  });

  it("though Redis is killed and comes back, twice", async () => {
    using pair = await Pair.start(server);
    await pair.writeAll(100, async (written) => {
      if (written !== 60 && written !== 120) return;
      await server.kill();
      await server.start();
    });
    await pair.expectAll(200);
  });

  it("though Redis stalls for three seconds, in which nothing is said to be written", async () => {
    using pair = await Pair.start(server);
    await pair.writeAll(50);
    server.stall();
    const stalledAt = performance.now();
    for (const worker of pair.workers) expect(await refusalOf(worker.send())).to.include({ code: "unavailable" });
    expect(performance.now() - stalledAt, "each has an answer within two seconds").to.be.below(4_000);
    await eventually(() => performance.now() - stalledAt > 3_000);
    server.wake();
    await pair.writeAll(50);
    const { head } = (await pair.workers[0]?.log.head("topic")) ?? expect.fail();
    // What was refused may have been carried out all the same, once it woke: the outcome was unknown.
    expect(head).to.be.within(100, 102);
    await pair.expectAll(head);
  });

  it("though what was published last is lost: whoever checks finds it", async () => {
    using pair = await Pair.start(server);
    await pair.writeAll(10);
    await pair.expectAll(20);
    const [one] = pair.workers as [Worker, Worker];
    await server.admin.call("ACL", "SETUSER", "default", "resetchannels");
    try {
      await refusalOf(one.send("the last"));
    } finally {
      await server.admin.call("ACL", "SETUSER", "default", "allchannels");
    }
    expect(await one.send("the last"), "its outcome was unknown").to.include({ duplicate: true });
    for (const worker of pair.workers) await worker.check();
    await pair.expectAll(21);
  });

  it("though its scripts are forgotten", async () => {
    using pair = await Pair.start(server);
    await pair.writeAll(50, async () => void (await server.admin.script("FLUSH")));
    await pair.expectAll(100);
  });

  it("with dense numbers for twenty writers on two links", async () => {
    using pair = await Pair.start(server);
    const written = await Promise.all(
      upTo(20).map((writer) => (pair.workers[writer % 2] as Worker).sendMany(10).then((entries) => seqsOf(entries))),
    );
    expect(written.flat().toSorted((a, b) => a - b)).to.deep.equal(upTo(200));
    await pair.expectAll(200);
  });
});
