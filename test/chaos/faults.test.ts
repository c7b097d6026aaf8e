import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect } from "chai";
import { DURABLE, loseTail, markTail, startReplica } from "../kit/faults.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually, turns } from "../kit/wait.ts";

/** Two writes that are one. */
const PAIR = "redis.call('SET', KEYS[1], 1) redis.call('SET', KEYS[2], 1)";

/** A server that says everything back, and one client of it. */
async function scene() {
  const server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await Proxy.start({ target: () => port });
  const client: Socket = connect(proxy.port, "127.0.0.1").on("error", () => {});
  await once(client, "connect");
  let heard = "";
  client.setEncoding("utf8").on("data", (text: string) => (heard += text));
  client.write("a");
  await eventually(() => heard === "a");
  const [link] = proxy.links;
  if (!link) throw new Error("There is no link");
  return {
    proxy,
    client,
    link,
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await proxy[Symbol.asyncDispose]();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("the kit of faults", () => {
  describe("with a real redis-server", () => {
    let redis: RedisServer;
    beforeEach(async () => {
      redis = await startRedis(DURABLE);
    });
    afterEach(() => redis[Symbol.asyncDispose]());

    it("loses nothing that was answered by a crash alone", async () => {
      for (let count = 0; count < 100; count++) await redis.admin.incr("count");
      await redis.kill();
      await redis.start();
      expect(await redis.admin.get("count")).to.equal("100");
    });

    it("loses what came after the mark with the tail of the file, transactions as a whole, and nothing before", async () => {
      await redis.admin.eval(PAIR, 2, "before:1", "before:2");
      const mark = await markTail(redis);
      await redis.admin.eval(PAIR, 2, "after:1", "after:2");
      await redis.kill();
      // In the middle of the second pair.
      await loseTail({ ...mark, bytes: mark.bytes + 60 });
      await redis.start();
      expect((await redis.admin.keys("*")).toSorted()).to.deep.equal(["before:1", "before:2"]);
      await redis.admin.set("later", 1);
      await redis.kill();
      await redis.start();
      expect(await redis.admin.exists("later")).to.equal(1);
    });

    it("puts a replica in the master's place that lacks what was written since it began to lag", async () => {
      await redis.admin.set("before", 1);
      await using replica = await startReplica(redis);
      await replica.lag();
      await redis.admin.set("after", 1);
      await redis.kill();
      await replica.promote();
      await replica.server.admin.set("later", 1);
      expect((await replica.server.admin.keys("*")).toSorted()).to.deep.equal(["before", "later"]);
    });
  });

  describe("with connections through a proxy", () => {
    it("ends them", async () => {
      await using each = await scene();
      each.link.cut();
      await once(each.client, "close");
      await eventually(() => each.proxy.links.length === 0);
    });

    it("holds one direction up, and lets everything pass later", async () => {
      await using each = await scene();
      each.link.hold("down");
      each.client.write("b");
      await turns(50);
      expect(each.heard()).to.equal("a");
      each.link.release("down");
      await eventually(() => each.heard() === "ab");
    });

    it("loses what is sent back, although it was received", async () => {
      await using each = await scene();
      each.link.discard("down");
      each.client.write("b");
      await turns(50);
      expect([each.heard(), each.link.isOpen]).to.deep.equal(["a", true]);
    });

    it("delays everything without changing its order", async () => {
      await using each = await scene();
      each.link.delay(30);
      const startMs = performance.now();
      each.client.write("b");
      await turns(5);
      each.link.delay(0);
      each.client.write("c");
      await eventually(() => each.heard().length === 3);
      expect(each.heard()).to.equal("abc");
      expect(performance.now() - startMs).to.be.greaterThan(29);
    });
  });
});
