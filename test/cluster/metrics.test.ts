import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { ClusterMetrics } from "../../src/cluster/metrics.ts";
import { silent } from "../../src/logger.ts";
import { createMetrics, type Metrics } from "../../src/metrics.ts";
import { keysOf } from "../../src/redis/partition.ts";
import { RedisLink } from "../../src/redis/link.ts";
import { type FakeClock, fakeClock } from "../kit/clock.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";

const LEAVE_MS = 5_000;

/** The values of a metric by its labels, as `/metrics` shows them. */
function values(text: string, name: string): Record<string, number> {
  const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, "gm"))];
  return Object.fromEntries(lines.map(([, labels = "", value]) => [labels, Number(value)]));
}

describe("the metrics of the cluster", () => {
  let redis: RedisServer;
  let prefix: string;
  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());
  beforeEach(() => (prefix = `test-${randomBytes(6).toString("hex")}`));

  interface Worker extends AsyncDisposable {
    readonly id: string;
    readonly clock: FakeClock;
    readonly metrics: Metrics;
    readonly cluster: ClusterMetrics;
    readonly link: RedisLink;
  }

  /** A worker with so many sockets in `/chat`. */
  async function start(sockets: number, url = redis.url): Promise<Worker> {
    const id = randomBytes(6).toString("hex");
    const clock = fakeClock();
    const metrics = createMetrics({ sockets: () => sockets, rooms: () => 1 }, ["/chat"]);
    const link = new RedisLink({ url, prefix, logger: silent, clock: systemClock, counted: metrics });
    const cluster = new ClusterMetrics({ link, clock, logger: silent, worker: id, own: metrics });
    await link.ready;
    return {
      id,
      clock,
      metrics,
      cluster,
      link,
      async [Symbol.asyncDispose]() {
        await cluster.close();
        link.close();
      },
    };
  }

  /** As if nothing had been heard of it for long. */
  const age = ({ id }: Worker) => redis.admin.zadd(keysOf(prefix, "metrics")("metrics", "seen"), "XX", 1, id);

  it("are the same whichever worker answers: counters and sockets of all, summed", async () => {
    await using one = await start(2);
    await using two = await start(3);
    for (const { metrics } of [one, one, two]) metrics.served("message:send", "ok");
    two.metrics.served("message:send", "muted");
    one.metrics.duplicate();
    await one.cluster.text();
    for (const { cluster } of [two, one]) {
      const text = await cluster.text();
      expect(values(text, "carillon_requests_total")).to.deep.equal({
        'request="message:send",code="ok"': 3,
        'request="message:send",code="muted"': 1,
      });
      expect(values(text, "carillon_duplicates_total")).to.deep.equal({ "": 1 });
      expect(values(text, "carillon_resets_total")).to.deep.equal({ "": 0 });
      expect(values(text, "carillon_sockets")).to.deep.equal({ 'namespace="/chat"': 5 });
      expect(values(text, "carillon_workers")).to.deep.equal({ "": 2 });
      expect(values(text, "carillon_cluster_complete")).to.deep.equal({ "": 1 });
    }
  });

  it("count what a cluster is judged by: gaps, resets, doubles, slow closes, garbage, round trips, errors", async () => {
    await using one = await start(0);
    await using two = await start(0);
    for (const { metrics } of [one, two]) {
      metrics.gapRepaired();
      metrics.reset();
      metrics.duplicate();
      metrics.slow();
      metrics.decodeError();
      metrics.redisError("OOM");
    }
    await one.cluster.text();
    const text = await two.cluster.text();
    for (const name of ["gaps_repaired", "resets", "duplicates", "slow_closes", "decode_errors"])
      expect(values(text, `carillon_${name}_total`), name).to.deep.equal({ "": 2 });
    expect(values(text, "carillon_redis_errors_total")).to.deep.equal({ 'name="OOM"': 2 });
    expect(values(text, "carillon_redis_round_trips_total")[""]).to.be.greaterThan(1);
  });

  it("are Prometheus's text: each metric once, with its help and its type", async () => {
    await using one = await start(1);
    await using two = await start(1);
    await one.cluster.text();
    const lines = (await two.cluster.text()).split("\n");
    for (const kind of ["# HELP ", "# TYPE "]) {
      const names = lines.filter((line) => line.startsWith(kind)).map((line) => line.split(" ")[2]);
      expect(names).to.include.members(["carillon_sockets", "process_resident_memory_bytes"]);
      expect(new Set(names).size).to.equal(names.length);
    }
    const series = lines
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.replace(/ \S+$/, ""));
    expect(new Set(series).size).to.equal(series.length);
  });

  it("keep what Node tells of each process apart, by worker", async () => {
    await using one = await start(1);
    await using two = await start(1);
    await one.cluster.text();
    const text = await two.cluster.text();
    for (const name of [
      "process_resident_memory_bytes",
      "process_start_time_seconds",
      "nodejs_eventloop_lag_p99_seconds",
    ])
      expect(Object.keys(values(text, name)), name).to.have.members([`worker="${one.id}"`, `worker="${two.id}"`]);
  });

  it("are left by each worker every five seconds, without being asked", async () => {
    await using one = await start(2);
    await using two = await start(3);
    const rooms = async () => values(await two.cluster.text(), "carillon_sockets")['namespace="/chat"'];
    await eventually(async () => (await rooms()) === 5);
    one.metrics.reset();
    await eventually(async () => {
      await one.clock.advance(LEAVE_MS);
      return values(await two.cluster.text(), "carillon_resets_total")[""] === 1;
    });
  });

  it("lose a dead worker's sockets after a while, and none of what it has counted", async () => {
    await using one = await start(2);
    const dead = await start(3);
    dead.metrics.reset();
    await dead.cluster.text();
    dead.link.close();
    await dead.cluster.close();
    expect(values(await one.cluster.text(), "carillon_sockets")).to.deep.equal({ 'namespace="/chat"': 5 });
    await age(dead);
    const text = await one.cluster.text();
    expect(values(text, "carillon_sockets")).to.deep.equal({ 'namespace="/chat"': 2 });
    expect(values(text, "carillon_workers")).to.deep.equal({ "": 1 });
    expect(values(text, "carillon_resets_total")).to.deep.equal({ "": 1 });
    expect(text).to.not.include(dead.id);
  });

  it("lose a worker that has left at once, with its last counts kept", async () => {
    await using one = await start(2);
    const leaving = await start(3);
    leaving.metrics.reset();
    await leaving[Symbol.asyncDispose]();
    const text = await one.cluster.text();
    expect(values(text, "carillon_sockets")).to.deep.equal({ 'namespace="/chat"': 2 });
    expect(values(text, "carillon_resets_total")).to.deep.equal({ "": 1 });
  });

  it("count nothing twice of a worker that was taken for dead, or that tells the same again", async () => {
    await using one = await start(2);
    await using slow = await start(3);
    slow.metrics.reset();
    await slow.cluster.text();
    await age(slow);
    await one.cluster.text();
    slow.metrics.reset();
    for (let n = 0; n < 3; n++) await slow.cluster.text();
    const text = await one.cluster.text();
    expect(values(text, "carillon_resets_total")).to.deep.equal({ "": 2 });
    expect(values(text, "carillon_sockets")).to.deep.equal({ 'namespace="/chat"': 5 });
  });

  it("never go down from one worker's answer to another's", async () => {
    await using one = await start(0);
    await using two = await start(0);
    let last = 0;
    for (let n = 0; n < 40; n++) {
      const [asked, other] = n % 2 === 0 ? [one, two] : [two, one];
      asked.metrics.reset();
      other.metrics.reset();
      const total = values(await asked.cluster.text(), "carillon_resets_total")[""] ?? 0;
      expect(total).to.be.greaterThan(last);
      last = total;
    }
  });

  it("are this worker's alone while Redis is out, say so, and come together again", async () => {
    await using own = await startRedis();
    await using one = await start(2, own.url);
    await using two = await start(3, own.url);
    two.metrics.reset();
    await two.cluster.text();
    await own.kill();
    one.metrics.reset();
    const text = await one.cluster.text();
    expect(values(text, "carillon_cluster_complete")).to.deep.equal({ "": 0 });
    expect(values(text, "carillon_workers")).to.deep.equal({ "": 1 });
    expect(values(text, "carillon_sockets")).to.deep.equal({ 'namespace="/chat"': 2 });
    expect(values(text, "carillon_resets_total")).to.deep.equal({ "": 1 });
    await own.start();
    await eventually(async () => {
      await two.cluster.text();
      const healed = await one.cluster.text();
      expect(values(healed, "carillon_cluster_complete")).to.deep.equal({ "": 1 });
      expect(values(healed, "carillon_resets_total")).to.deep.equal({ "": 2 });
      expect(values(healed, "carillon_sockets")).to.deep.equal({ 'namespace="/chat"': 5 });
      return true;
    });
  });

  it("are this worker's alone where somebody has put garbage into Redis", async () => {
    await using one = await start(2);
    await one.cluster.text();
    const key = keysOf(prefix, "metrics");
    for (const garbage of ["no JSON", "7", '[{"name":1}]', "[null]"]) {
      await redis.admin.hset(key("metrics", "sheets"), "garbage", garbage);
      expect(values(await one.cluster.text(), "carillon_sockets"), garbage).to.deep.equal({ 'namespace="/chat"': 2 });
    }
    await redis.admin.hdel(key("metrics", "sheets"), "garbage");
    await redis.admin.hset(key("metrics", "totals"), "garbage", "garbage");
    expect(values(await one.cluster.text(), "carillon_cluster_complete")).to.deep.equal({ "": 0 });
  });
});
