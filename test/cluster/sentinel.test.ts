import { expect } from "chai";
import { Receiver } from "../chaos/receiver.ts";
import { Sender } from "../chaos/sender.ts";
import { settle } from "../chaos/settle.ts";
import { verify } from "../chaos/verify.ts";
import { range } from "../chat/scene.ts";
import { seededRandom } from "../kit/random.ts";
import { type RedisSentinel, startRedisSentinel } from "../kit/redis-sentinel.ts";
import { eventually } from "../kit/wait.ts";
import { startWorkers } from "../kit/workers.ts";
import { clusterSuite } from "./suite.ts";
import { fresh } from "./suite/scene.ts";

const SENDERS = 4;

/** So many messages each sender gets through before the replica is cut off, and again before the master is killed. */
const SOME = 10;

/** From the election of a master until sends of everybody are acknowledged again, and everybody has heard of all. */
const OVER_MS = 8_000;

const WEBSOCKET = { transports: ["websocket"] };

/** Until each of them has got so many messages through. */
const acknowledge = (senders: readonly Sender[], count: number) =>
  eventually(() => senders.every(({ acknowledged }) => acknowledged.length >= count), 10_000);

/** The replica gets nothing from now on, whatever it tries: what the master acknowledges is lost with it. */
async function cutOff({ servers: [master, replica] }: RedisSentinel): Promise<void> {
  await replica.admin.config("SET", "masterauth", "a password that the master does not have");
  await master.admin.call("CLIENT", "KILL", "TYPE", "replica");
  await eventually(async () => (await replica.admin.info("replication")).includes("master_link_status:down"));
}

describe("workers on a group of Sentinels", function () {
  this.timeout(60_000);
  let redis: RedisSentinel;
  before(async () => (redis = await startRedisSentinel()));

  clusterSuite(() => redis.url);
  // After the workers.
  after(() => redis[Symbol.asyncDispose]());

  // Before the suite, which shows what workers that have been through it can do.
  it("fail over while messages are sent: what Redis still has is heard once, and what it has lost is told", async () => {
    await using workers = await startWorkers(redis.url, {}, 3);
    const rooms = ["one", "two", "three"].map(fresh);
    const everybody = workers.all.map(async (worker, index) => {
      const member = fresh("member");
      const token = await worker.token(member);
      return new Receiver({ url: worker.url, token, member, rooms, coming: WEBSOCKET, tellsId: index % 2 === 0 });
    });
    const receivers = await Promise.all(everybody);
    const senders = await Promise.all(
      range(1, SENDERS).map(async (n) => {
        const user = fresh("sender");
        const { url } = workers.all[n % workers.all.length] ?? workers.here;
        const its = { url, token: await workers.here.token(user), user, rooms, random: seededRandom(n) };
        return new Sender({ ...its, coming: WEBSOCKET, perSec: 25, lanes: 2, tellsTime: n % 2 === 0 });
      }),
    );
    try {
      await eventually(() => receivers.every(({ attends }) => attends), 10_000);
      for (const sender of senders) sender.start();
      await acknowledge(senders, SOME);

      const fromMs = performance.now();
      await cutOff(redis);
      await acknowledge(senders, Math.max(...senders.map((sender) => sender.acknowledged.length)) + SOME);
      await redis.failOver();
      const electedMs = performance.now();
      await eventually(
        () => senders.every(({ acknowledged }) => (acknowledged.at(-1)?.atMs ?? 0) > electedMs),
        OVER_MS,
      );
      const untilMs = performance.now();
      const { logs, failures } = await settle({ senders, receivers, [Symbol.dispose]() {} }, workers.here, rooms, {
        levelMs: OVER_MS,
      });
      const acknowledged = senders.flatMap((sender) => sender.acknowledged);
      const losses = [{ fault: "failover", fromMs, untilMs }];
      const { violations, lost, epochs } = verify({
        acknowledged,
        memberships: receivers.flatMap(({ memberships }) => memberships),
        logs,
        losses,
      });
      expect({ failures, violations }).to.deep.equal({ failures: [], violations: [] });
      expect(senders.flatMap(({ unexpected }) => unexpected)).to.deep.equal([]);
      // Otherwise there was nothing to tell.
      expect(lost).to.be.greaterThan(0);
      expect(epochs).to.equal(rooms.length);
      for (const { resets, restarts } of receivers) expect(resets + restarts).to.be.at.least(rooms.length);
    } finally {
      for (const each of [...senders, ...receivers]) each.close();
    }
  });
});
