import { expect } from "chai";
import { startRedisCluster } from "../kit/redis-cluster.ts";
import { eventually } from "../kit/wait.ts";
import { AdapterWorker } from "./adapter-scene.ts";

describe("the adapter on a Redis Cluster", () => {
  it("carries rooms on every master, counts the workers, and hears again after its subscriptions were cut", async () => {
    await using redis = await startRedisCluster();
    await using one = await AdapterWorker.start(redis.url, "test");
    await using two = await AdapterWorker.start(redis.url, "test");
    const rooms = Array.from({ length: 30 }, (_, n) => `room:${n}`);
    await using ann = await two.connect(...rooms);
    const channels = await Promise.all(
      redis.masters.map(({ admin }) => admin.call("PUBSUB", "SHARDCHANNELS", "test:io1#/lounge#room:*")),
    );
    for (const onMaster of channels) expect(onMaster).to.not.deep.equal([]);
    for (const room of rooms) one.namespace.to(room).emit("said", room);
    await eventually(() => ann.all("said").length === rooms.length);
    expect(ann.all("said")).to.have.members(rooms);
    expect(await one.namespace.adapter.serverCount()).to.equal(2);
    expect(await one.namespace.fetchSockets()).to.have.length(1);

    ann.forget();
    for (const { admin } of redis.masters) await admin.call("CLIENT", "KILL", "TYPE", "pubsub");
    for (const room of rooms) {
      await eventually(() => {
        one.namespace.to(room).emit("said", room);
        return ann.all("said").includes(room);
      }, 10_000);
    }
  });
});
