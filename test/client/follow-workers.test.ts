import { expect } from "chai";
import { say, sayAll } from "../chat/scene.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";
import { startWorkers } from "../kit/workers.ts";
import { portOf } from "./connection.ts";
import { followed, room, through } from "./following.ts";

describe("follow(), on several workers", () => {
  let redis: RedisServer;
  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());

  it("goes on at another worker where it was at the first", async () => {
    await using workers = await startWorkers(redis.url);
    const { here, there } = workers;
    let target = portOf(here);
    await using proxy = await Proxy.start({ target: () => target });
    await using ann = await through(proxy, here);
    await using bob = await there.connect("/chat", "bob");
    const lobby = followed(ann);
    await eventually(() => lobby.joins.length === 1);
    await sayAll(bob, room, ["1", "2"]);
    await eventually(() => lobby.seqs().at(-1) === 2);
    target = portOf(there);
    proxy.cut();
    await sayAll(bob, room, ["3", "4"]);
    await eventually(() => lobby.joins.length === 2);
    await say(bob, room, "5");
    await eventually(() => lobby.seqs().at(-1) === 5);
    expect(lobby.told()).to.deep.equal(["joined 0", "1", "2", "3", "4", "5"]);
    const [first, second] = ann.all("session:opened").map(({ server }) => server.worker);
    expect(first).not.to.equal(second);
  });

  it("says where the log was lost, connected or not, and goes on with the new one", async () => {
    await using workers = await startWorkers(redis.url);
    const { here, there } = workers;
    await using ann = await here.connect("/chat", "ann");
    await using bob = await there.connect("/chat", "bob");
    const lobby = followed(ann);
    await eventually(() => lobby.joins.length === 1);
    await sayAll(bob, room, ["1", "2", "3"]);
    await eventually(() => lobby.seqs().at(-1) === 3);
    await redis.admin.flushall();
    await eventually(() => lobby.resets().length === 2);
    await say(bob, room, "new");
    await eventually(() => lobby.told().at(-1) === "1");
    expect(lobby.told()).to.deep.equal(["joined 0", "1", "2", "3", "lost 0", "1"]);
    ann.socket.disconnect();
    await redis.admin.flushall();
    await sayAll(bob, room, ["newer", "newest"]);
    ann.socket.connect();
    await eventually(() => lobby.resets().length === 3);
    expect(lobby.told().at(-1)).to.equal("lost 2");
    expect(lobby.resets()[2]?.entries.map(({ text }) => text)).to.deep.equal(["newer", "newest"]);
  });
});
