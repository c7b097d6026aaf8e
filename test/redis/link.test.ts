import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { RedisLink } from "../../src/redis/link.ts";
import { watchCrashes } from "../kit/crashes.ts";
import { opened } from "../kit/leaks.ts";
import { keepLogs } from "../kit/logs.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually, turns } from "../kit/wait.ts";

/** How long anything that Redis does not answer may take, as users are promised. */
const PROMISED_MS = 2_000;

/** A link that remembers what it was counted for and told of. */
class TestLink extends RedisLink implements AsyncDisposable {
  readonly logs: ReturnType<typeof keepLogs>;
  readonly errors: string[];
  readonly heard: string[] = [];
  gaps = 0;
  readonly #released = opened(this, "a link");

  constructor(url: string, prefix: string) {
    const logs = keepLogs();
    const errors: string[] = [];
    const counted = { roundTrip() {}, redisError: (name: string) => void errors.push(name) };
    super({ url, prefix, logger: logs.logger, clock: systemClock, counted });
    this.logs = logs;
    this.errors = errors;
    this.onGap(() => this.gaps++);
  }

  hear(channel: string): Promise<() => void> {
    return this.subscribe(channel, (payload) => this.heard.push(payload.toString()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    this.#released();
  }
}

const elapsed = async (work: Promise<unknown>) => {
  const before = performance.now();
  await work;
  return performance.now() - before;
};

/** Answers within what is promised, and at once when the outage is known. */
async function expectOutage(it: TestLink): Promise<void> {
  const ping = () => refusalOf(it.run((client) => client.ping()));
  expect(await elapsed(ping())).to.be.lessThan(PROMISED_MS);
  await eventually(() => !it.up);
  const { code } = await ping();
  expect(code).to.equal("unavailable");
  expect(await elapsed(Promise.all(Array.from({ length: 1_000 }, ping)))).to.be.lessThan(500);
}

async function expectBack(it: TestLink, redis: RedisServer): Promise<void> {
  await eventually(() => it.up && it.gaps > 0, 10_000);
  await eventually(async () => {
    await redis.admin.spublish("test:channel", "back");
    return it.heard.includes("back");
  }, 10_000);
  expect(await it.run((client) => client.ping())).to.equal("PONG");
}

async function scene() {
  const redis = await startRedis();
  const proxy = await Proxy.start({ target: () => redis.port });
  const it = new TestLink(`redis://127.0.0.1:${proxy.port}`, "test");
  await it.ready;
  await eventually(() => it.gaps > 0);
  it.gaps = 0;
  await it.hear("test:channel");
  return {
    redis,
    proxy,
    it,
    async [Symbol.asyncDispose]() {
      for (const thing of [it, proxy, redis]) await thing[Symbol.asyncDispose]();
    },
  };
}

describe("a link to Redis", () => {
  let redis: RedisServer;
  let prefix: string;
  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());
  beforeEach(() => (prefix = `test-${randomBytes(6).toString("hex")}`));

  async function link(url = redis.url): Promise<TestLink> {
    const it = new TestLink(url, prefix);
    await it.ready;
    // The first connection counts as a gap; whoever looks for more starts from here.
    await eventually(() => it.gaps > 0);
    it.gaps = 0;
    return it;
  }

  it("is there from the start, refuses at once while Redis is out, and connects when it comes", async () => {
    let isThere = false;
    await using proxied = await Proxy.start({ target: () => (isThere ? redis.port : undefined) });
    await using it = new TestLink(`redis://127.0.0.1:${proxied.port}`, prefix);
    expect(it.up).to.equal(false);
    for (const work of [it.run((client) => client.get("key")), it.publish("channel", ""), it.hear("channel")]) {
      expect(await elapsed(refusalOf(work))).to.be.lessThan(100);
      expect((await refusalOf(work)).code).to.equal("unavailable");
    }
    isThere = true;
    await it.ready;
    expect(it.up).to.equal(true);
    expect(await it.run((client) => client.ping())).to.equal("PONG");
  });

  it("tells refusals of Redis from mistakes of ours, counts them by name, and goes on", async () => {
    await using it = await link();
    await redis.admin.set(`${prefix}:text`, "1");
    expect((await refusalOf(it.run((client) => client.hget(`${prefix}:text`, "f")))).code).to.equal("internal");
    await redis.admin.config("SET", "maxmemory", "1");
    try {
      expect((await refusalOf(it.run((client) => client.set(`${prefix}:key`, "1")))).code).to.equal("unavailable");
    } finally {
      await redis.admin.config("SET", "maxmemory", "0");
    }
    expect(it.errors).to.include.members(["WRONGTYPE", "OOM"]);
    expect(await it.run((client) => client.set(`${prefix}:key`, "1"))).to.equal("OK");
  });

  it("hears again after its subscriptions were cut, and tells of the gap when they stand", async () => {
    await using it = await link();
    await it.hear(`${prefix}:channel`);
    it.onGap(() => void redis.admin.spublish(`${prefix}:channel`, "after the gap"));
    await redis.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
    await eventually(() => it.gaps > 0);
    await eventually(() => it.heard.includes("after the gap"));
  });

  it("tells of a gap when Redis was emptied, or the commands' connection was lost", async () => {
    await using it = await link();
    await redis.admin.flushall();
    await eventually(() => it.gaps > 0);
    await eventually(async () => (await redis.admin.keys(`${prefix}:*:born`)).length === 256);
    it.gaps = 0;
    await redis.admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await eventually(() => it.gaps > 0);
    expect(await it.run((client) => client.ping())).to.equal("PONG");
  });

  it("tells every listener of a gap, whatever another one throws", async () => {
    using crashes = watchCrashes();
    await using it = await link();
    let told = 0;
    it.onGap(() => {
      throw new Error("a listener's mistake");
    });
    const stop = it.onGap(() => void told++);
    await redis.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
    await eventually(() => told > 0);
    stop();
    const before = told;
    it.gaps = 0;
    await redis.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
    await eventually(() => it.gaps > 0);
    await turns();
    expect(told).to.equal(before);
    expect(crashes.seen).to.deep.equal([]);
  });

  it("asks for nothing and hears nothing once it is closed, and tells of no gap", async () => {
    await using it = await link();
    await it.hear(`${prefix}:channel`);
    // A machine that was busy elsewhere may have made a heartbeat late.
    it.gaps = 0;
    it.close();
    expect((await refusalOf(it.run((client) => client.ping()))).code).to.equal("unavailable");
    await eventually(async () => (await redis.admin.spublish(`${prefix}:channel`, "")) === 0);
    expect(it.gaps).to.equal(0);
  });
});

describe("a link through an outage", () => {
  it("notices that Redis was killed, and that it is back", async () => {
    using crashes = watchCrashes();
    await using at = await scene();
    await at.redis.kill();
    await expectOutage(at.it);
    await at.redis.start();
    await expectBack(at.it, at.redis);
    expect(crashes.seen).to.deep.equal([]);
  });

  it("notices that Redis is stalled, though every connection looks well, and that it goes on", async () => {
    await using at = await scene();
    at.redis.stall();
    await expectOutage(at.it);
    at.redis.wake();
    await expectBack(at.it, at.redis);
  });

  it("gives up half-open connections and makes new ones: all, or the subscriber's alone", async () => {
    await using all = await scene();
    await using one = await scene();
    const clients = (await one.redis.admin.client("LIST")) as string;
    const names = clients.split("\n").flatMap((line) => /name=(carillon:\S+)/.exec(line)?.[1] ?? []);
    expect(names).to.deep.equal(["carillon:commands", "carillon:publisher", "carillon:subscriber"]);
    for (const link of all.proxy.links) for (const direction of ["up", "down"] as const) link.hold(direction);
    one.proxy.links[names.indexOf("carillon:subscriber")]?.hold("down");
    await expectOutage(all.it);
    await eventually(() => one.it.logs.lines.some(({ fields }) => fields["why"] === "the heartbeat is late"));
    expect(await one.it.run((client) => client.ping())).to.equal("PONG");
    await Promise.all([all, one].map(({ it, redis }) => expectBack(it, redis)));
  });
});
