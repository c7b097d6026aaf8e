import { expect } from "chai";
import { isAlive, type PrivateCluster, privateCluster } from "../kit/pm2.ts";
import { eventually } from "../kit/wait.ts";

const NEVER_READY = "setInterval(() => {}, 1_000); await new Promise(() => {});";

/** Starting PM2 and its workers takes seconds, and several times that on a busy machine. */
const PATIENCE_MS = 60_000;

describe("npm run cluster", function () {
  this.timeout(PATIENCE_MS);
  let here: PrivateCluster;

  before(async () => {
    here = await privateCluster();
    const started = await here.cluster("start");
    expect(started.code, started.output).to.equal(0);
  });

  after(async () => {
    await here[Symbol.asyncDispose]();
  });

  it("returns 0 when every worker is ready by its own word, and they serve", async () => {
    const pids = await here.pids();
    expect(pids).to.have.length(2);
    expect([...(await here.ready())]).to.have.deep.members(pids.map((pid) => [pid, true]));
    for (const path of ["/readyz", "/healthz", "/"]) expect((await fetch(here.url + path)).status, path).to.equal(200);
  });

  it("says that it runs already, and leaves it as it is", async () => {
    const pids = await here.pids();
    const again = await here.cluster("start");
    expect(again.code, again.output).to.equal(0);
    expect(again.output).to.include("runs already");
    expect(await here.pids()).to.deep.equal(pids);
  });

  it("replaces every worker in a reload, and no request fails meanwhile", async () => {
    const before = await here.pids();
    const load = { done: false, answered: 0, failed: [] as unknown[] };
    const asking = Array.from({ length: 4 }, async () => {
      while (!load.done) {
        await fetch(`${here.url}/healthz`, { headers: { connection: "close" } }).then(
          (response) => (response.ok ? load.answered++ : load.failed.push(response.status)),
          (error: unknown) => load.failed.push(error),
        );
      }
    });
    const reloaded = await here.cluster("reload");
    load.done = true;
    await Promise.all(asking);
    expect(reloaded.code, reloaded.output).to.equal(0);
    expect(load.failed).to.deep.equal([]);
    expect(load.answered).to.be.greaterThan(100);
    const after = await here.pids();
    expect(after)
      .to.have.length(2)
      .and.not.include.members(before.slice(0, 1))
      .and.not.include.members(before.slice(1));
    expect(before.filter(isAlive)).to.deep.equal([]);
    expect([...(await here.ready())]).to.have.deep.members(after.map((pid) => [pid, true]));
  });

  it("fails a reload to a build that never gets ready; who served goes on, and comes back after a kill as it was", async () => {
    const before = await here.pids();
    await here.replaceMain(NEVER_READY);
    const reloaded = await here.cluster("reload --timeout 2");
    expect(reloaded.code).to.equal(1);
    expect(reloaded.output).to.include("does not get ready");
    expect(await here.pids()).to.deep.equal(before);
    const [victim = 0, other = 0] = before;
    process.kill(victim, "SIGKILL");
    await eventually(async () => (await here.ready()).size === 2 && !(await here.ready()).has(victim), PATIENCE_MS);
    expect((await here.ready()).get(other)).to.equal(true);
    await here.restoreMain();
  });

  it("fails a reload to a build that cannot be imported, and says why", async () => {
    const before = await here.pids();
    await here.replaceMain(`import "./nowhere.js";`);
    const reloaded = await here.cluster("reload");
    expect(reloaded.code).to.equal(1);
    expect(reloaded.output).to.match(/does not get ready.*\n.*Cannot find module.*nowhere\.js/);
    expect(await here.pids()).to.deep.equal(before);
    await here.restoreMain();
  });

  it("refuses a reload that would part the workers from each other, by name", async () => {
    const before = await here.pids();
    const env = { REDIS_URL: "redis://127.0.0.1:1", LOG_LEVEL: "debug" };
    const reloaded = await here.cluster("reload", env);
    expect(reloaded.code).to.equal(1);
    expect(reloaded.output).to.include("REDIS_URL").and.not.include("LOG_LEVEL");
    expect(await here.pids()).to.deep.equal(before);
  });

  it("lets one command at a time near the cluster", async () => {
    const [one, two] = await Promise.all([here.cluster("reload"), here.cluster("reload")]);
    expect([one.code, two.code]).to.have.members([0, 1]);
    expect(one.output + two.output).to.match(/under way: reload \(process \d+\)/);
    expect([...(await here.ready()).values()]).to.deep.equal([true, true]);
  });

  it("refuses a reload while /readyz is 503, and lets it again when Redis answers", async () => {
    const redis = (await here.redisPid) ?? 0;
    const before = await here.pids();
    process.kill(redis, "SIGSTOP");
    try {
      await eventually(async () => (await fetch(`${here.url}/readyz`)).status === 503, 15_000);
      await eventually(async () => [...(await here.ready()).values()].every((ready) => !ready), 15_000);
      const reloaded = await here.cluster("reload");
      expect(reloaded.code).to.equal(1);
      expect(reloaded.output).to.include("/readyz says 503");
    } finally {
      process.kill(redis, "SIGCONT");
    }
    expect(await here.pids()).to.deep.equal(before);
    await eventually(async () => [...(await here.ready()).values()].every(Boolean), 15_000);
  });

  it("starts its own Redis again where that was killed, with what it acknowledged", async () => {
    const pids = await here.pids();
    await here.withRedis((client) => client.set("acknowledged", "before the kill"));
    process.kill((await here.redisPid) ?? 0, "SIGKILL");
    const again = await here.cluster("start");
    expect(again.code, again.output).to.equal(0);
    expect(await here.withRedis((client) => client.get("acknowledged"))).to.equal("before the kill");
    expect(await here.pids()).to.deep.equal(pids);
  });

  it("does not take a command for another cluster's as its own", async () => {
    const other = await here.cluster("start", { WORKERS: "3" });
    expect(other.code).to.equal(1);
    expect(other.output).to.include("another WORKERS");
  });

  it("keeps its own Redis, with its data, over kill -9 of PM2's daemon: no ghosts, no second one, and a start that works", async () => {
    const [redis, daemon, pids] = [await here.redisPid, await here.daemonPid, await here.pids()];
    await here.withRedis((client) => client.set("kept", "over the kill"));
    process.kill(daemon ?? 0, "SIGKILL");
    await eventually(() => pids.every((pid) => !isAlive(pid)));
    const started = await here.cluster("start");
    expect(started.code, started.output).to.equal(0);
    expect(await here.redisPid).to.equal(redis);
    expect(await here.withRedis((client) => client.get("kept"))).to.equal("over the kill");
    expect([...(await here.ready()).keys()]).to.have.members(await here.pids());
  });
});
