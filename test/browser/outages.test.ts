import { expect } from "chai";
import type { Browser } from "playwright-core";
import { launchBrowser, PATIENCE_MS, Visitor } from "../kit/browser.ts";
import { type Cluster, startCluster } from "../kit/cluster.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";

describe("The web app on a cluster", () => {
  let browser: Browser;
  let redis: RedisServer;
  let cluster: Cluster;

  before(async function () {
    this.timeout(60_000);
    browser = await launchBrowser();
    redis = await startRedis();
    cluster = await startCluster(2, { env: { REDIS_URL: redis.url } });
  });

  after(async () => {
    await browser.close();
    await cluster[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  const portOf = (index: number) => Number(new URL(cluster.urls[index] ?? "").port);

  /** Somebody who comes by a way of his own, which leads to the worker that it is told to. */
  async function come(id: string, way: Proxy, room: string): Promise<Visitor> {
    const visitor = await Visitor.open(browser, `http://127.0.0.1:${way.port}/#/chat/${room}`);
    await visitor.withToken(await cluster.token(id, { name: id }));
    await visitor.composer.waitFor();
    return visitor;
  }

  it("carries what two people say from worker to worker", async () => {
    await using annsWay = await Proxy.start({ target: () => portOf(0) });
    await using bobsWay = await Proxy.start({ target: () => portOf(1) });
    await using ann = await come("ann", annsWay, "talk");
    await using bob = await come("bob", bobsWay, "talk");
    await ann.say("hello");
    await bob.reads("hello");
    await bob.say("hello yourself");
    await ann.reads("hello", "hello yourself");
    expect([ann.problems, bob.problems]).to.deep.equal([[], []]);
  });

  it("shows both the same after one was offline, both wrote, and a worker was killed meanwhile", async function () {
    this.timeout(60_000);
    let bobsWorker = 1;
    await using annsWay = await Proxy.start({ target: () => portOf(0) });
    await using bobsWay = await Proxy.start({ target: () => portOf(bobsWorker) });
    await using ann = await come("ann", annsWay, "storm");
    await using bob = await come("bob", bobsWay, "storm");
    await ann.say("before");
    await bob.reads("before");

    await ann.setOffline(true);
    annsWay.cut();
    await ann.page.getByText("You are offline.").first().waitFor();
    for (const text of ["ann offline 1", "ann offline 2"]) await ann.say(text);
    await ann.reads("before", "ann offline 1", "ann offline 2");
    await bob.say("bob 1");
    await bob.reads("before", "bob 1");
    bobsWorker = 0;
    await cluster.kill(1);
    await bob.say("bob 2");
    await ann.setOffline(false);

    const said = ["before", "bob 1", "ann offline 1", "ann offline 2", "bob 2"];
    await eventually(async () => {
      const [ofAnn, ofBob] = await Promise.all([ann.texts(), bob.texts()]);
      expect(ofAnn).to.deep.equal(ofBob);
      return expect(ofAnn).to.have.members(said);
    }, 2 * PATIENCE_MS);
    const order = await ann.texts();
    expect(order.indexOf("ann offline 1")).to.be.below(order.indexOf("ann offline 2"));
    expect(order.indexOf("bob 1")).to.be.below(order.indexOf("bob 2"));
    await ann.log.getByText("Pending").waitFor({ state: "detached" });
  });
});
