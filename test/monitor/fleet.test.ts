import { expect } from "chai";
import type { Sample } from "../../src/namespaces/monitor/sample.ts";
import type { Client } from "../kit/client.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";
import { type MonitorWorker, newPrefix, startWorker } from "./workers.ts";

const PATIENCE_MS = 8_000;

const live = (client: Client, host?: string) =>
  (client.all("metrics:sampled") as Sample[]).filter((sample) => host === undefined || sample.host === host);
const rowsOf = (sample: Sample | undefined) => sample?.workers.map(({ id }) => id);
const hostsOf = (client: Client, event: string) => client.all(event).map(({ host }) => host as string);

/** Until the last sample of a host has these rows. */
const shows = (client: Client, host: string, ids: readonly string[]) =>
  eventually(() => String(rowsOf(live(client, host).at(-1))) === String(ids), PATIENCE_MS);

/** Whether none of them sends anything for a second and a half. */
const isQuiet = async (workers: readonly MonitorWorker[]) => {
  const before = workers.map(({ commands }) => commands);
  const until = performance.now() + 1_500;
  await eventually(() => performance.now() > until);
  return String(before) === String(workers.map(({ commands }) => commands));
};

describe("/monitor on several workers", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis()));
  after(() => server[Symbol.asyncDispose]());

  it("shows every host once a second with all its workers, the same from any of them, and its past at once", async () => {
    const prefix = newPrefix();
    await using one = await startWorker(server, { id: "one", host: "bell", prefix });
    await using two = await startWorker(server, { id: "two", host: "bell", prefix });
    await using three = await startWorker(server, { id: "three", host: "drum", prefix });
    await Promise.all([one, two, three].map(({ link }) => link.ready));
    await using ann = await one.connect();
    await using bob = await three.connect();
    await using bystander = await two.connect();
    const first = await ann.request("metrics:watch");
    expect(first.hosts.map(({ host }: { host: string }) => host)).to.deep.equal(["bell"]);
    const { hosts } = await bob.request("metrics:watch");
    expect(hosts.map(({ host }: { host: string }) => host)).to.include("drum");

    await eventually(() => live(ann, "bell").length >= 3 && live(ann, "drum").length >= 3, PATIENCE_MS);
    await eventually(() => live(bob).length >= live(ann).length);
    for (const [host, ids] of [
      ["bell", ["one", "two"]],
      ["drum", ["three"]],
    ] as const) {
      const samples = live(ann, host);
      expect(samples.map(rowsOf)).to.deep.equal(samples.map(() => ids));
      expect(live(bob, host).slice(0, samples.length)).to.deep.equal(samples);
      for (const [index, { at }] of samples.entries())
        if (index > 0) expect(at - (samples[index - 1]?.at ?? 0)).to.be.within(500, 1_700);
    }
    expect(hostsOf(bystander, "host:joined")).to.have.members(["bell", "drum"]);
    expect(live(bystander)).to.deep.equal([]);

    // On one that was there and watched nothing, and on one that has only just come.
    await using late = await startWorker(server, { id: "late", host: "drum", prefix });
    await late.link.ready;
    for (const worker of [two, late]) {
      await using cat = await worker.connect();
      const { hosts: shown } = await cat.request("metrics:watch");
      const samples = shown.flatMap((each: { samples: Sample[] }) => each.samples);
      expect(samples.length).to.be.at.least(6);
      await eventually(() => live(ann).length >= samples.length);
      const known = live(ann).map(({ host, at }) => `${host} ${at}`);
      expect(known).to.include.members(samples.map(({ host, at }: Sample) => `${host} ${at}`));
    }
    await shows(ann, "drum", ["late", "three"]);
  });

  it("samples and says nothing while nobody watches, and only what is watched", async () => {
    const prefix = newPrefix();
    await using one = await startWorker(server, { id: "one", host: "bell", prefix });
    await using two = await startWorker(server, { id: "two", host: "drum", prefix });
    await Promise.all([one, two].map(({ link }) => link.ready));
    await using ann = await one.connect();
    await using bystander = await two.connect();
    await ann.request("metrics:watch", { hosts: ["drum"] });
    await eventually(() => live(ann, "drum").length >= 2, PATIENCE_MS);
    expect(live(ann, "bell")).to.deep.equal([]);
    expect(hostsOf(bystander, "host:joined")).to.deep.equal(["drum"]);
    ann.socket.disconnect();
    await bystander.event("host:left", ({ host }) => host === "drum");
    await eventually(() => isQuiet([one, two]), PATIENCE_MS);
    const leases = await server.admin.keys(`${prefix}:*:lease:*`);
    expect(leases).to.deep.equal([]);
  });

  it("goes on within 3 s when a sampler dies, without its row, and says of no host with a worker left that it is gone", async () => {
    const prefix = newPrefix();
    const workers = [
      await startWorker(server, { id: "one", host: "bell", prefix }),
      await startWorker(server, { id: "two", host: "bell", prefix }),
    ];
    await using one = workers[0]!;
    await using two = workers[1]!;
    await using watching = await startWorker(server, { id: "three", host: "drum", prefix });
    await Promise.all([one, two, watching].map(({ link }) => link.ready));
    await using ann = await watching.connect();
    await ann.request("metrics:watch");
    await shows(ann, "bell", ["one", "two"]);
    const leaseKey = watching.link.keys("monitor")("monitor", "lease", "bell");
    // For longer than a host may be silent, nobody has it.
    const taken = live(ann, "bell").length;
    await server.admin.set(leaseKey, "1 nobody", "PX", 3_500);
    await eventually(() => live(ann, "bell").length > taken + 1, PATIENCE_MS);
    expect(hostsOf(ann, "host:left")).to.deep.equal([]);
    const holder = (await server.admin.get(leaseKey))?.split(" ")[1];
    const [dead, alive] = holder === "one" ? [one, two] : [two, one];
    const before = live(ann, "bell").length;
    const diedAt = performance.now();
    dead.die();
    await eventually(() => live(ann, "bell").length > before, PATIENCE_MS);
    await shows(ann, "bell", [alive.id]);
    expect(performance.now() - diedAt).to.be.below(4_000);
    const ats = live(ann, "bell").map(({ at }) => at);
    expect(Math.min(...ats.slice(1).map((at, index) => at - ats[index]!))).to.be.at.least(500);
    expect(hostsOf(ann, "host:left")).to.deep.equal([]);

    const lastAt = performance.now();
    alive.die();
    await ann.event("host:left", ({ host }) => host === "bell", PATIENCE_MS);
    expect(performance.now() - lastAt).to.be.below(3_500);
    await using bob = await watching.connect();
    const { hosts } = await bob.request("metrics:watch");
    expect(hosts.map(({ host }: { host: string }) => host)).to.deep.equal(["drum"]);
  });

  it("raises an alert under one id on every worker, and lists it on one that comes later", async () => {
    const prefix = newPrefix();
    const alertRules = [{ metric: "memory.usedPercent" as const, warning: 0, critical: 101, forSamples: 2 }];
    const options = { host: "bell", prefix, alertRules };
    await using one = await startWorker(server, { id: "one", ...options });
    await using two = await startWorker(server, { id: "two", ...options });
    await Promise.all([one, two].map(({ link }) => link.ready));
    await using ann = await one.connect();
    await using bystander = await two.connect();
    await ann.request("metrics:watch");
    const raised = await bystander.event("alert:raised", () => true, PATIENCE_MS);
    expect(await ann.event("alert:raised")).to.deep.equal(raised);
    await using three = await startWorker(server, { id: "three", ...options });
    await three.link.ready;
    await using cat = await three.connect();
    await eventually(async () => {
      const { alerts } = await cat.request("alert:list");
      expect(alerts).to.deep.equal([raised]);
      return true;
    });
    // Whoever samples next goes on with it, under the same id.
    const samples = live(ann).length;
    await eventually(() => live(ann).length > samples + 1, PATIENCE_MS);
    expect(ann.all("alert:raised")).to.deep.equal([raised]);
  });

  it("goes on after anything was published on its channels, and after Redis was killed and started again", async () => {
    await using own = await startRedis();
    const prefix = newPrefix();
    await using one = await startWorker(own, { id: "one", host: "bell", prefix });
    await one.link.ready;
    await using ann = await one.connect();
    await ann.request("metrics:watch");
    await eventually(() => live(ann).length >= 1, PATIENCE_MS);
    const key = one.link.keys("monitor");
    const garbage = [
      "",
      "{",
      "null",
      "[]",
      '{"v":1}',
      '{"v":2,"report":{}}',
      '{"v":1,"report":{"sample":{"host":"x"}}}',
    ];
    for (const channel of [key("monitor", "calls"), key("monitor", "news"), key("monitor", "rows", "bell")])
      for (const payload of garbage) await own.admin.spublish(channel, payload);
    await own.kill();
    await using bob = await one.connect();
    const { hosts } = await bob.request("metrics:watch");
    expect(hosts[0].samples.length).to.be.at.least(1);
    await own.start();
    const before = live(ann).length;
    await eventually(() => live(ann).length > before && live(bob).length > 0, PATIENCE_MS);
    expect(hostsOf(ann, "host:left")).to.deep.equal([]);
  });
});
