import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { RedisLink } from "../../src/redis/link.ts";
import { readScript, runScript } from "../../src/redis/script.ts";
import { openLink } from "../kit/link.ts";
import { keepLogs } from "../kit/logs.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";

const TAKE = readScript(import.meta.url, "../../src/limits/lua/take.lua");

/** The connection that subscribes, as Redis counts connections. */
const idOf = (clients: string) => /id=(\d+).*name=carillon:subscriber/.exec(clients)?.[1];

const fails = () => {
  throw new Error("a listener's mistake");
};

describe("subscriptions", () => {
  let redis: RedisServer;
  let link: RedisLink;
  let channel: string;
  const logs = keepLogs();
  const heard: string[] = [];
  const hear = (name: string) => (payload: Buffer) => void heard.push(`${name} ${payload.toString()}`);

  before(async () => {
    redis = await startRedis();
    link = openLink(redis.url, "test", { logger: logs.logger });
    await link.ready;
  });
  after(async () => {
    link.close();
    await redis[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    channel = `test:${randomBytes(6).toString("hex")}`;
    heard.length = 0;
  });

  const publish = (text: string) => redis.admin.spublish(channel, text);

  it("are one for all who listen, from the first to the last", async () => {
    const leaves = [await link.subscribe(channel, hear("a")), await link.subscribe(channel, hear("b"))];
    expect(await publish("1")).to.equal(1);
    await eventually(() => heard.length === 2);
    leaves[0]?.();
    leaves[0]?.();
    expect(await publish("2")).to.equal(1);
    await eventually(() => heard.includes("b 2"));
    leaves[1]?.();
    await eventually(async () => (await publish("3")) === 0);
    expect(heard).to.deep.equal(["a 1", "b 1", "b 2"]);
  });

  it("stand when they resolve, also for whoever comes while the first one is under way", async () => {
    const both = [link.subscribe(channel, hear("a")), link.subscribe(channel, hear("b"))];
    await both[1];
    expect(await publish("1")).to.equal(1);
    await eventually(() => heard.length === 2);
    for (const leave of await Promise.all(both)) leave();
  });

  it("are taken up again by whoever comes right after the last has left", async () => {
    (await link.subscribe(channel, hear("a")))();
    const leave = await link.subscribe(channel, hear("b"));
    await publish("1");
    await eventually(() => heard.includes("b 1"));
    leave();
  });

  it("tell every listener, whatever another one throws", async () => {
    const leaves = [await link.subscribe(channel, fails), await link.subscribe(channel, hear("b"))];
    await publish("1");
    await eventually(() => heard.includes("b 1"));
    expect(logs.lines.map(({ message }) => message)).to.include("a message from Redis could not be taken");
    for (const leave of leaves) leave();
  });

  it("leave nothing behind where Redis refuses them", async () => {
    const before = link.subscriptions.size;
    await redis.admin.call("ACL", "SETUSER", "default", "-ssubscribe");
    try {
      expect((await refusalOf(link.subscribe(channel, hear("a")))).code).to.equal("unavailable");
      expect(link.subscriptions.size).to.equal(before);
    } finally {
      await redis.admin.call("ACL", "SETUSER", "default", "+@all");
    }
    const leave = await link.subscribe(channel, hear("a"));
    expect(await publish("1")).to.equal(1);
    leave();
  });

  it("come back, a thousand of them, after every cut, and no more than once each", async () => {
    const names = Array.from({ length: 1_000 }, (_, n) => `${channel}:${n}`);
    const leaves = await Promise.all(names.map((name) => link.subscribe(name, hear(name))));
    const first = (await redis.admin.client("LIST")) as string;
    for (let cut = 0; cut < 2; cut++) {
      const told = new Promise<void>((resolve) => {
        const stop = link.onGap(() => {
          stop();
          resolve();
        });
      });
      await redis.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
      await told;
      heard.length = 0;
      for (const name of names) await redis.admin.spublish(name, "x");
      await eventually(() => heard.length === names.length);
    }
    expect(idOf((await redis.admin.client("LIST")) as string)).to.not.equal(idOf(first));
    for (const leave of leaves) leave();
  });
});

describe("scripts", () => {
  it("are sent again where Redis has forgotten them", async () => {
    await using redis = await startRedis();
    const run = () => runScript(redis.admin, TAKE, ["key"], [1, 60_000]);
    expect(await run()).to.equal(0);
    await redis.admin.script("FLUSH");
    expect(await run()).to.be.greaterThan(0);
  });
});
