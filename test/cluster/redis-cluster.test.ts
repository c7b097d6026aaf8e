import { expect } from "chai";
import { freshId, range, say, seqsOf, entriesOf } from "../chat/scene.ts";
import type { Client, Wire } from "../kit/client.ts";
import { type RedisCluster, startRedisCluster } from "../kit/redis-cluster.ts";
import { eventually } from "../kit/wait.ts";
import { startWorkers } from "../kit/workers.ts";
import { clusterSuite } from "./suite.ts";
import { connectInTurn, fresh, masterOf, MASTERS, roomOnEach } from "./suite/scene.ts";

/** How long a send may take to be answered, whatever Redis does; and what a machine that has much else to do may add. */
const ANSWER_MS = 2_000;
const BUSY_MS = 500;

/** After so long the masters have agreed that one of them is gone. */
const NOTICED_MS = 3_500;

/** Sends, and gives back the code of the refusal, if it is one. Fails where that takes too long. */
async function attempt(client: Client, message: { id: string; room: string; text: string }): Promise<string> {
  const fromMs = performance.now();
  const ack = await client.ask("message:send", message);
  expect(performance.now() - fromMs, `until ${message.text} was answered`).to.be.below(ANSWER_MS + BUSY_MS);
  return ack.ok ? "ok" : ack.error.code;
}

const message = (room: string, text: string) => ({ id: freshId(), room, text });

/** What a client has heard of a room, by id. */
const heardIn = (client: Client, room: string) => entriesOf(client).filter((entry) => entry.room === room);

describe("workers on a Redis Cluster", function () {
  this.timeout(40_000);
  let redis: RedisCluster;
  before(async () => (redis = await startRedisCluster(MASTERS)));

  clusterSuite(() => redis.url);
  // After the workers.
  after(() => redis[Symbol.asyncDispose]());

  describe("faults", () => {
    it("loses and doubles nothing while the pub/sub connections of every master are cut", async () => {
      await using workers = await startWorkers(redis.url, {}, 3);
      const rooms = roomOnEach();
      await using clients = await connectInTurn(workers.all, ["ann", "bob", "eve"].map(fresh));
      for (const client of clients) await client.request("rooms:join", { rooms: rooms.map((room) => ({ room })) });
      const sending = new AbortController();
      const sent = clients.map(async (client) => {
        const acknowledged: Wire[] = [];
        for (let n = 0; !sending.signal.aborted; n++) {
          const room = rooms[n % rooms.length] ?? "";
          acknowledged.push({ room, ...(await say(client, room, `${n}`)) });
        }
        return acknowledged;
      });
      for (const { admin } of [...redis.masters, ...redis.masters]) {
        await eventually(async () => Number(await admin.call("CLIENT", "KILL", "TYPE", "pubsub")) > 0);
        const [first] = clients;
        const heard = first ? entriesOf(first).length : 0;
        await eventually(() => first && entriesOf(first).length > heard + 20);
      }
      sending.abort();
      const acknowledged = (await Promise.all(sent)).flat();
      for (const room of rooms) {
        const count = acknowledged.filter((each) => each.room === room).length;
        for (const client of clients) {
          await eventually(() => heardIn(client, room).length >= count, 10_000);
          expect(seqsOf(heardIn(client, room))).to.deep.equal(range(1, count));
        }
      }
      for (const client of clients) expect(client.all("room:reset")).to.deep.equal([]);
    });

    it("goes on in the rooms of the others when a master is killed, and in its own once it is back", async () => {
      // The one that also has what the workers share.
      const master = masterOf("workers") ?? 0;
      await using workers = await startWorkers(redis.url);
      const { here, there } = workers;
      const rooms = roomOnEach();
      const [room = ""] = rooms.splice(master, 1);
      await using ann = await here.connect("/chat", fresh("ann"));
      await using bob = await there.connect("/chat", fresh("bob"));
      for (const client of [ann, bob])
        for (const each of [room, ...rooms]) await client.request("room:join", { room: each });
      await say(ann, room, "before");
      // Requests of one socket wait for each other.
      await using patient = await here.connect("/chat", fresh("eve"));

      const retried = message(room, "meanwhile");
      const killed = redis.masters[master];
      // Otherwise no master serves anything while the slots of one are not served. One that is started again has forgotten it.
      for (const { admin } of redis.masters) await admin.config("SET", "cluster-require-full-coverage", "no");
      await killed?.kill();
      const untilMs = performance.now() + NOTICED_MS;
      try {
        for (let n = 1; performance.now() < untilMs; n++) {
          const codes = await Promise.all([
            attempt(patient, retried),
            ...rooms.map((each) => attempt(n % 2 ? ann : bob, message(each, `${n}`))),
          ]);
          expect(codes).to.deep.equal(["unavailable", ...rooms.map(() => "ok")]);
          for (const each of rooms)
            for (const client of [ann, bob]) await eventually(() => seqsOf(heardIn(client, each)).includes(n));
        }
        expect([ann, bob].map(({ socket }) => socket.connected)).to.deep.equal([true, true]);
      } finally {
        await killed?.start();
      }
      await eventually(async () => (await attempt(patient, retried)) === "ok", 10_000);
      await say(bob, room, "after");
      for (const client of [ann, bob]) {
        await client.event("message:sent", ({ text }) => text === "after");
        expect(heardIn(client, room).map(({ seq, text }) => [seq, text])).to.deep.equal([
          [1, "before"],
          [2, "meanwhile"],
          [3, "after"],
        ]);
        for (const each of rooms) {
          const seqs = seqsOf(heardIn(client, each));
          expect(seqs).to.deep.equal(range(1, seqs.length));
        }
        expect(client.all("room:reset")).to.deep.equal([]);
      }
    });
  });
});
