import { expect } from "chai";
import type { Entry } from "../../src/log/index.ts";
import { loseTail, markTail, DURABLE } from "../kit/faults.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";
import { channelOf, newPrefix, stored, work } from "./worker.ts";

/** A way to Redis that can be shut, and on which a subscription can hang. */
async function openWay(server: RedisServer) {
  let isOpen = true;
  const proxy = await Proxy.start({ target: () => (isOpen ? server.port : undefined) });
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    shut() {
      isOpen = false;
      proxy.cut();
    },
    open: () => void (isOpen = true),
    async hang() {
      const clients = String(await server.admin.client("LIST", "TYPE", "PUBSUB"));
      const ports = [...clients.matchAll(/ addr=127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
      for (const link of proxy.links) if (ports.includes(link.source)) link.hold("down");
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

const idsOf = (entries: readonly Entry[]) => entries.map(({ id }) => id);

describe("a worker that alone knows of what Redis has lost", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis(DURABLE)));
  after(() => server[Symbol.asyncDispose]());

  it("makes the log begin a new epoch, although others have numbered on, by what it wrote and did not hear of", async () => {
    const prefix = newPrefix();
    await using way = await openWay(server);
    using witness = await work(way.url, prefix);
    using writer = await work(server.url, prefix);
    const hearer = await witness.watch();
    await writer.sendMany(10);
    await eventually(() => hearer.entries.length === 10);
    const kept = await markTail(server);
    await way.hang();
    const { entry: lost } = await witness.send();
    way.shut();
    await server.kill();
    await loseTail(kept);
    await server.start();
    using fresh = await work(server.url, prefix);
    const unnoticed = await fresh.sendMany(3);
    expect(unnoticed[0], "nobody has told it").to.include({ epoch: lost.epoch, seq: 11 });
    way.open();
    await eventually(() => hearer.resets.length === 1, 10_000);
    expect(hearer.resets[0]).to.include({ seq: 10 }).and.not.to.include({ epoch: lost.epoch });
    await eventually(() => hearer.entries.length === 13);
    expect(idsOf(hearer.entries.slice(10))).to.deep.equal(idsOf(unnoticed));
  });

  it("looks before it takes what another run of Redis has numbered", async () => {
    using worker = await work(server.url, newPrefix());
    const told: string[] = [];
    const stop = await worker.log.subscribe("topic", {
      entry: ({ seq }) => void told.push(String(seq)),
      missed: () => void told.push("missed"),
    });
    const [first] = await worker.sendMany(2);
    await eventually(() => told.includes("2"));
    const channel = await channelOf(server, worker);
    const record = (await stored(server, worker, "entries")).fields["2"];
    for (const seq of [3, 4])
      await server.admin.spublish(channel, `1\t${first?.epoch}\t${seq}\tanother-run\n${record}`);
    await eventually(() => told.includes("4"));
    expect(told[told.indexOf("3") - 1]).to.equal("missed");
    stop();
  });
});
