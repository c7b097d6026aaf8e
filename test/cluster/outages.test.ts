import { expect } from "chai";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import type { TestServer } from "../kit/server.ts";
import { spawnService } from "../kit/service.ts";
import { freePort } from "../kit/port.ts";
import { eventually } from "../kit/wait.ts";
import { startWorkers } from "../kit/workers.ts";

/** How long a send may take to be answered, whatever Redis does. */
const ANSWER_MS = 2_000;

let messages = 0;
const message = (room: string) => ({ id: `message-${++messages}`, room, text: "hello" });

const readiness = async ({ url }: { url: string }) => (await fetch(`${url}/readyz`)).status;

/** The code of an answer that comes in time. */
async function codeOf(answer: Promise<{ ok: boolean; error?: { code: string } }>): Promise<string> {
  const from = performance.now();
  const ack = await answer;
  expect(performance.now() - from).to.be.below(ANSWER_MS);
  return ack.ok ? "ok" : String(ack.error?.code);
}

const healed = (...workers: readonly TestServer[]) =>
  eventually(async () => (await Promise.all(workers.map(readiness))).every((status) => status === 200), 15_000);

/** To how many channels workers are subscribed, all together. */
async function subscribed({ admin }: RedisServer): Promise<number> {
  const channels = (await admin.call("PUBSUB", "SHARDCHANNELS")) as string[];
  const counts = (await admin.call("PUBSUB", "SHARDNUMSUB", ...channels)) as (string | number)[];
  return counts.reduce<number>((sum, count) => sum + (typeof count === "number" ? count : 0), 0);
}

describe("an outage of Redis", function () {
  this.timeout(40_000);
  let redis: RedisServer;

  before(async () => {
    redis = await startRedis({ appendonly: "yes", appendfsync: "always" });
  });
  after(() => redis[Symbol.asyncDispose]());

  it("refuses sends in time, keeps connections, lets new ones in, and heals by itself with nothing lost", async () => {
    await using workers = await startWorkers(redis.url);
    const { here, there } = workers;
    await using ann = await here.connect("/chat", "ann");
    await using bob = await there.connect("/chat", "bob");
    for (const client of [ann, bob]) await client.request("room:join", { room: "r" });
    await ann.request("message:send", message("r"));

    await redis.kill();
    const retried = message("r");
    expect(await codeOf(ann.ask("message:send", retried))).to.equal("unavailable");
    await eventually(async () => (await readiness(here)) === 503 && (await readiness(there)) === 503);
    await using carol = await there.connect("/chat", "carol");
    expect(await codeOf(carol.ask("message:send", message("r")))).to.equal("unavailable");
    expect(await codeOf(carol.ask("room:join", { room: "r" }))).to.equal("unavailable");
    expect([ann, bob].map(({ socket }) => socket.connected)).to.deep.equal([true, true]);

    await redis.start();
    await healed(here, there);
    expect((await ann.ask("message:send", retried)).ok).to.equal(true);
    for (const client of [ann, bob]) {
      await client.event("message:sent", ({ id }) => id === retried.id);
      expect(client.all("message:sent").map(({ seq }) => seq)).to.deep.equal([1, 2]);
      expect(client.all("room:reset")).to.deep.equal([]);
    }
    await carol.request("room:join", { room: "r" });
  });

  it("leaves nothing that is carried out, or told, when it is over", async () => {
    await using workers = await startWorkers(redis.url);
    const { here, there } = workers;
    await using ann = await here.connect("/chat", "ann");
    await using bob = await there.connect("/chat", "bob");
    for (const client of [ann, bob]) await client.request("room:join", { room: "r" });
    const before = await subscribed(redis);
    await redis.kill();
    await eventually(async () => (await readiness(here)) === 503);
    bob.forget();
    for (let round = 0; round < 200; round++) {
      await ann.ask("typing:set", { room: "r", typing: round % 2 === 0 });
      await ann.ask("message:send", message("r"));
    }
    await redis.start();
    await healed(here, there);
    // Typing is told at most once: to those who listen again.
    await eventually(async () => (await subscribed(redis)) >= before);
    // What comes after the outage has come by the same way as whatever would have been kept for it.
    const last = message("r");
    await ann.request("message:send", last);
    await ann.request("typing:set", { room: "r", typing: true });
    await bob.event("typing:changed");
    await bob.event("message:sent", ({ id }) => id === last.id);
    expect(bob.all("typing:changed")).to.have.lengthOf(1);
    expect(bob.all("message:sent").map(({ id }) => id)).to.deep.equal([last.id]);
  });

  it("is noticed where Redis is stalled and its connections look well", async () => {
    await using workers = await startWorkers(redis.url);
    const { here, there } = workers;
    await using ann = await here.connect("/chat", "ann");
    await using bob = await there.connect("/chat", "bob");
    for (const client of [ann, bob]) await client.request("room:join", { room: "r" });
    redis.stall();
    try {
      const stalled = message("r");
      expect(await codeOf(ann.ask("message:send", stalled))).to.equal("unavailable");
      await eventually(async () => (await readiness(here)) === 503);
      expect(await codeOf(ann.ask("message:send", stalled))).to.equal("unavailable");
    } finally {
      redis.wake();
    }
    await healed(here, there);
    const next = message("r");
    await ann.request("message:send", next);
    await bob.event("message:sent", ({ id }) => id === next.id);
    const seqs = bob.all("message:sent").map(({ seq }) => seq);
    expect(seqs).to.deep.equal(seqs.map((_, index) => index + 1));
  });

  it("is noticed on connections that are half open, and got over by new ones", async () => {
    await using proxy = await Proxy.start({ target: () => redis.port });
    await using workers = await startWorkers(`redis://127.0.0.1:${proxy.port}`);
    const { here, there } = workers;
    await using ann = await here.connect("/chat", "ann");
    await using bob = await there.connect("/chat", "bob");
    for (const client of [ann, bob]) await client.request("room:join", { room: "r" });
    for (const link of proxy.links) link.discard("up");
    expect(await codeOf(ann.ask("message:send", message("r")))).to.equal("unavailable");
    await healed(here, there);
    const next = message("r");
    await ann.request("message:send", next);
    await bob.event("message:sent", ({ id }) => id === next.id);
  });

  it("that loses everything is told as a reset, and the room goes on", async () => {
    await using workers = await startWorkers(redis.url);
    const { here, there } = workers;
    await using ann = await here.connect("/chat", "ann");
    await using bob = await there.connect("/chat", "bob");
    const { epoch } = await ann.request("room:join", { room: "r" });
    await bob.request("room:join", { room: "r" });
    for (let count = 0; count < 3; count++) await ann.request("message:send", message("r"));
    await redis.admin.flushall();
    const [reset] = await Promise.all([ann.event("room:reset"), bob.event("room:reset")]);
    expect(reset).to.deep.include({ room: "r", head: 0 });
    expect(reset.epoch).not.to.equal(epoch);
    const next = message("r");
    expect(await ann.request("message:send", next)).to.include({ epoch: reset.epoch, seq: 1 });
    await bob.event("message:sent", ({ id, seq }) => id === next.id && seq === 1);
  });

  for (const [name, break_, mend] of [
    [
      "OOM",
      (server: RedisServer) => server.admin.config("SET", "maxmemory", "1"),
      (server: RedisServer) => server.admin.config("SET", "maxmemory", "0"),
    ],
    [
      "READONLY",
      (server: RedisServer) => server.admin.replicaof("127.0.0.1", "1"),
      (server: RedisServer) => server.admin.replicaof("NO", "ONE"),
    ],
    [
      "NOREPLICAS",
      (server: RedisServer) => server.admin.config("SET", "min-replicas-to-write", "1"),
      (server: RedisServer) => server.admin.config("SET", "min-replicas-to-write", "0"),
    ],
  ] as const) {
    it(`by ${name} is \`unavailable\` to who writes, and over when Redis says so`, async () => {
      await using workers = await startWorkers(redis.url, {}, 1);
      const { here } = workers;
      await using ann = await here.connect("/chat", "ann");
      await ann.request("room:join", { room: "r" });
      await break_(redis);
      try {
        expect(await codeOf(ann.ask("message:send", message("r")))).to.equal("unavailable");
        expect((await fetch(`${here.url}/healthz`)).status).to.equal(200);
      } finally {
        await mend(redis);
      }
      await eventually(async () => (await ann.ask("message:send", message("r"))).ok);
    });
  }

  it("by NOPERM is `unavailable`, and by SCRIPT FLUSH nothing at all", async () => {
    await using workers = await startWorkers(redis.url, {}, 1);
    await using ann = await workers.here.connect("/chat", "ann");
    await ann.request("room:join", { room: "r" });
    await redis.admin.script("FLUSH");
    await ann.request("message:send", message("r"));
    await redis.admin.acl("SETUSER", "default", "-evalsha", "-eval");
    try {
      expect(await codeOf(ann.ask("message:send", message("r")))).to.equal("unavailable");
    } finally {
      await redis.admin.acl("SETUSER", "default", "+@all");
    }
    await ann.request("message:send", message("r"));
  });

  it("at boot leaves a worker up and not ready, until Redis comes", async () => {
    const port = await freePort();
    await using service = spawnService({ PORT: String(port), REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    const url = `http://127.0.0.1:${port}`;
    await eventually(async () => (await fetch(`${url}/healthz`)).status === 200, 15_000);
    expect(await readiness({ url })).to.equal(503);
    expect(service.process.exitCode).to.equal(null);
  });
});
