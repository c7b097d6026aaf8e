import { expect } from "chai";
import { silent } from "../../src/logger.ts";
import { relayPresence } from "../../src/presence/relay.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { member, PresenceCluster, ROOM, there } from "./workers.ts";

describe("presence that is relayed", () => {
  let redis: RedisServer;
  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());

  it("has nobody attend who leaves while the room is not yet listened to", async () => {
    using cluster = new PresenceCluster(redis.url);
    const worker = await cluster.start();
    const relayed = relayPresence(worker.presence, { link: worker.link, logger: silent });
    const entering = refusalOf(relayed.enter(ROOM, member("ann"), "phone", 10));
    await relayed.leave(ROOM, "ann", "phone");
    expect((await entering).code).to.equal("unavailable");
    expect(await there(worker)).to.deep.equal([]);
    relayed.close();
  });
});
