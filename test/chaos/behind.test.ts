import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { say } from "../chat/scene.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

describe("a worker whose subscription hangs", () => {
  let redis: RedisServer;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis[Symbol.asyncDispose]());

  /** A worker that is well, and one that hears nothing of what is published from `hang()` on. */
  async function scene() {
    const prefix = `test-${randomBytes(4).toString("hex")}`;
    const proxy = await Proxy.start({ target: () => redis.port });
    const here = await startServer({ redis: { url: redis.url, prefix } });
    const there = await startServer({ redis: { url: `redis://127.0.0.1:${proxy.port}`, prefix } });
    return {
      here,
      there,
      async hang() {
        // Of all its connections only the one that subscribes.
        const clients = String(await redis.admin.client("LIST", "TYPE", "PUBSUB"));
        const ports = [...clients.matchAll(/ addr=127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
        for (const link of proxy.links) if (ports.includes(link.source)) link.hold("down");
      },
      async [Symbol.asyncDispose]() {
        await here[Symbol.asyncDispose]();
        await proxy[Symbol.asyncDispose]();
        await there[Symbol.asyncDispose]();
      },
    };
  }

  it("recovers a room for a client who has heard more of it on another worker", async () => {
    await using each = await scene();
    await using ann = await each.there.connect("/chat", "ann");
    await ann.request("room:join", { room: "lobby" });
    await using bob = await each.here.connect("/chat", "bob");
    const { epoch } = await bob.request("room:join", { room: "lobby" });
    await each.hang();
    for (const text of ["one", "two", "three"]) await say(bob, "lobby", text);
    await bob.event("message:sent", ({ seq }) => seq === 3);
    await using moved = await each.there.connect("/chat", "bob");
    const joined = await moved.request("room:join", { room: "lobby", since: { epoch, seq: 3 } });
    expect(joined).to.include({ recovered: true, head: 3 });
    expect(joined.entries).to.deep.equal([]);
    await eventually(() => ann.all("message:sent").length === 3);
  });

  it("recovers an inbox for a device that has heard more of it on another worker", async () => {
    await using each = await scene();
    await using desk = await each.there.connect("/notify", "ann");
    const { epoch } = await desk.request("inbox:open");
    await each.hang();
    const { body } = await each.here.call("POST", "/api/notifications", { to: "ann", title: "one" });
    expect(body.data.results[0].seq).to.equal(1);
    await using phone = await each.there.connect("/notify", "ann");
    const opened = await phone.request("inbox:open", { since: { epoch, seq: 1 } });
    expect(opened).to.include({ recovered: true, head: 1 });
  });
});
