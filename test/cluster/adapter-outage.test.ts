import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { watchCrashes } from "../kit/crashes.ts";
import { Proxy } from "../kit/proxy.ts";
import { startRedis } from "../kit/redis.ts";
import { eventually, turns } from "../kit/wait.ts";
import { AdapterWorker } from "./adapter-scene.ts";

/** Two workers on a Redis of their own, and a client on each in `room:a`. */
async function startScene() {
  const redis = await startRedis();
  const prefix = `test-${randomBytes(6).toString("hex")}`;
  const one = await AdapterWorker.start(redis.url, prefix);
  const two = await AdapterWorker.start(redis.url, prefix);
  const ann = await one.connect("room:a");
  const bob = await two.connect("room:a");
  return {
    redis,
    one,
    two,
    ann,
    bob,
    /** Speaks until it is heard on the other worker: what is published before its subscriptions stand is lost. */
    async untilHeard(room = "room:a") {
      await eventually(() => {
        one.namespace.to(room).emit("said", "are you there");
        return bob.all("said").includes("are you there");
      });
    },
    async [Symbol.asyncDispose]() {
      for (const thing of [ann, bob, one, two, redis]) await thing[Symbol.asyncDispose]();
    },
  };
}

/** What was answered, as far as it was. */
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => "all",
    (error: Error & { responses?: unknown }) => error.responses ?? error.message,
  );

describe("the adapter while Redis is out", () => {
  it("goes on for its own sockets at once, sends nothing stale afterwards, and heals by itself", async () => {
    using crashes = watchCrashes();
    await using it = await startScene();
    const { redis, one, ann, bob } = it;
    await redis.kill();
    for (let n = 0; n < 100; n++) one.namespace.to("room:a").emit("said", n);
    await ann.event("said", (payload) => payload === 99);
    await eventually(() => !one.link.up);
    for (let n = 100; n < 200; n++) one.namespace.to("room:a").emit("said", n);
    await ann.event("said", (payload) => payload === 199);
    expect(ann.all("said")).to.deep.equal(Array.from({ length: 200 }, (_, n) => n));
    await redis.start();
    await it.untilHeard();
    expect(bob.all("said").filter((payload) => typeof payload === "number")).to.deep.equal([]);
    expect(crashes.seen).to.deep.equal([]);
  });

  it("sends nothing again of which it had no answer, and nothing of what it could not send", async () => {
    await using redis = await startRedis();
    let isOpen = true;
    await using proxy = await Proxy.start({ target: () => (isOpen ? redis.port : undefined) });
    await using one = await AdapterWorker.start(`redis://127.0.0.1:${proxy.port}`, "test");
    const spy = redis.admin.duplicate();
    const heard: string[] = [];
    spy.on("smessage", (_channel, payload: string) => heard.push(payload));
    await spy.ssubscribe("test:io1#/lounge#");
    // Received by nobody, as far as the worker can tell; and Redis has it from the start of the outage at the latest.
    for (const link of proxy.links) link.discard("up");
    one.namespace.emit("said", "lost on the way");
    await eventually(() => !one.link.up);
    isOpen = false;
    proxy.cut();
    one.namespace.emit("said", "not sent");
    isOpen = true;
    const untilBack = () =>
      eventually(() => {
        one.namespace.emit("said", "back");
        return heard.at(-1)?.includes("back");
      });
    await untilBack();
    // It is not known yet that the connections are gone.
    proxy.cut();
    for (let n = 0; n < 5; n++) {
      one.namespace.emit("said", "not sent");
      await turns(1);
    }
    heard.push("cut");
    await untilBack();
    spy.disconnect();
    expect(heard.filter((payload) => !payload.includes("back"))).to.deep.equal(["cut"]);
  });

  it("makes nobody wait for a Redis that is stalled", async () => {
    await using it = await startScene();
    const { redis, one, ann } = it;
    redis.stall();
    const before = performance.now();
    for (let n = 0; n < 10; n++) {
      one.namespace.to("room:a").emit("said", n);
      await ann.event("said", (payload) => payload === n);
    }
    expect(performance.now() - before).to.be.lessThan(500);
    await eventually(() => !one.link.up);
    redis.wake();
    await it.untilHeard();
  });

  it("lets a room that is entered meanwhile hear the others once Redis is back", async () => {
    await using it = await startScene();
    const { redis, two } = it;
    await redis.kill();
    await eventually(() => !two.link.up);
    for (const socket of two.namespace.sockets.values()) await socket.join("room:b");
    await redis.start();
    await it.untilHeard("room:b");
  });

  it("moves and disconnects its own sockets", async () => {
    await using it = await startScene();
    const { redis, one, ann } = it;
    await redis.kill();
    one.namespace.in("room:a").socketsJoin("room:b");
    one.namespace.in("room:a").socketsLeave("room:a");
    one.namespace.to("room:b").emit("said", 1);
    one.namespace.to("room:a").emit("said", 2);
    one.namespace.in("room:b").disconnectSockets();
    await eventually(() => !ann.socket.connected);
    expect(ann.all("said")).to.deep.equal([1]);
  });

  it("tells whoever asks all workers that not all have answered, and leaves no promise alone", async () => {
    using crashes = watchCrashes();
    await using it = await startScene();
    const { redis, one, ann } = it;
    ann.socket.on("asked", (answered: (answer: string) => void) => answered("ann"));
    expect(await one.namespace.fetchSockets()).to.have.length(2);
    await redis.kill();
    await eventually(() => !one.link.up);
    const asked = one.namespace.timeout(300);
    const outcomes = [outcome(asked.emitWithAck("asked")), outcome(asked.fetchSockets())];
    one.namespace.serverSideEmit("told");
    const [acked, fetched] = await Promise.all(outcomes);
    expect(acked).to.deep.equal(["ann"]);
    expect(fetched).to.include("timeout");
    expect(crashes.seen).to.deep.equal([]);
  });

  it("hears again after its subscriptions were cut", async () => {
    await using it = await startScene();
    await it.untilHeard();
    it.bob.forget();
    await it.redis.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
    await it.untilHeard();
  });
});
