import { expect } from "chai";
import { type Monitor, monitor, type Sample, type Watch } from "../../client/index.ts";
import { createHosts, type Hosts } from "../../client/monitor/hosts.ts";
import type { AlertRule } from "../../src/namespaces/monitor/index.ts";
import { type FakeClock, fakeClock } from "../kit/clock.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { open } from "./connection.ts";
import { Line } from "./device.ts";

/** A watch, and what it was told. */
interface Watched {
  readonly watch: Watch;
  readonly told: number[];
  /** Times of the samples that it shows of its only host. */
  readonly shown: number[];
}

function listenTo(watch: Watch): Watched {
  const told: number[] = [];
  watch.listen(({ at }) => told.push(at));
  return {
    watch,
    told,
    get shown() {
      return watch.getSnapshot().hosts.flatMap(({ samples }) => samples.map(({ at }) => at));
    },
  };
}

const isLive = ({ watch }: Watched) => eventually(() => watch.getSnapshot().status === "live");

/** Somebody with the role, over a connection of his own. */
async function observer(server: TestServer, url = server.url): Promise<{ monitor: Monitor } & AsyncDisposable> {
  const token = await server.token("ann", { roles: ["monitor"] });
  const connection = open({ url, token, socket: { transports: ["websocket"] } });
  return { monitor: connection.use(monitor), [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() };
}

/** A second passes, and somebody hears what was sampled in it. */
async function second(clock: FakeClock, hearer: Watched): Promise<void> {
  const before = hearer.told.length;
  const hears = () => hearer.told.length > before;
  await eventually(async () => {
    await clock.advance(1_000);
    // The meters read what is real: while one is opened or read, a second is left out.
    return eventually(hears, 300);
  });
}

describe("a watch of the client", () => {
  it("is filled at once with what was sampled, and told of what comes, once", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await observer(server);
    const first = listenTo(ann.monitor.watch());
    expect(first.watch.getSnapshot()).to.deep.equal({ status: "opening", intervalMs: 1000, hosts: [], alerts: [] });
    await isLive(first);
    for (let count = 0; count < 3; count++) await second(clock, first);
    expect(first.shown).to.deep.equal(first.told);

    await using bob = await observer(server);
    const late = listenTo(bob.monitor.watch());
    await isLive(late);
    expect(late.shown).to.deep.equal(first.told);
    expect(late.told).to.deep.equal([]);
    await second(clock, late);
    await eventually(() => first.told.at(-1) === late.told.at(-1));
    expect(late.shown).to.deep.equal(first.told);
    const [view] = late.watch.getSnapshot().hosts;
    expect(view?.os).not.to.equal("");
    expect(view).to.include({ cores: view?.samples[0]?.cpu.cores, hasLeft: false });
  });

  it("is told after a cut what came meanwhile, and goes on without doubles", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using line = await Line.to(server);
    await using bob = await observer(server);
    const steady = listenTo(bob.monitor.watch());
    await using ann = await observer(server, line.url);
    const cut = listenTo(ann.monitor.watch());
    await Promise.all([isLive(steady), isLive(cut)]);
    for (let count = 0; count < 2; count++) await second(clock, cut);
    line.cut();
    await eventually(() => cut.watch.getSnapshot().status === "opening");
    for (let count = 0; count < 3; count++) await second(clock, steady);
    expect(cut.shown).to.deep.equal(cut.told);
    line.lead(server);
    await isLive(cut);
    await second(clock, cut);
    await eventually(() => steady.told.length === cut.told.length);
    expect(cut.told).to.deep.equal(steady.told);
    expect(cut.shown).to.deep.equal(steady.told);
  });

  it("shares the connection's one watch with others, each with the hosts that it wants, until the last one stops", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using bystander = await server.connect("/monitor", "bob", { roles: ["monitor"] });
    await using ann = await observer(server);
    const all = listenTo(ann.monitor.watch());
    await isLive(all);
    await second(clock, all);
    const host = all.watch.getSnapshot().hosts[0]?.host as string;
    const nobody = listenTo(ann.monitor.watch(["nobody"]));
    const named = listenTo(ann.monitor.watch([host, "nobody"]));
    expect(named.watch.getSnapshot().status).to.equal("live");
    expect(named.shown).to.deep.equal(all.shown);
    await second(clock, named);
    expect(all.told).to.have.length.at.least(2);
    expect(named.told).to.deep.equal(all.told.slice(-named.told.length));
    expect(nobody.shown).to.deep.equal([]);
    expect(nobody.told).to.deep.equal([]);

    all.watch.stop();
    const heard = all.told.length;
    await second(clock, named);
    expect(all.told).to.have.length(heard);
    expect(named.shown).to.include.members(named.told);
    expect(bystander.all("host:left")).to.deep.equal([]);
    nobody.watch.stop();
    named.watch.stop();
    await bystander.event("host:left");

    const again = listenTo(ann.monitor.watch());
    await isLive(again);
    await second(clock, again);
    expect(again.watch.getSnapshot().hosts).to.have.length(1);
  });

  it("shows the alerts that stand, also those that rose or were cleared meanwhile", async () => {
    const clock = fakeClock();
    // It is raised by one sample, and cleared by the next.
    const rule: AlertRule = { metric: "worker.rssBytes", warning: 1, critical: 1e15, clearBelow: 1e15, forSamples: 1 };
    await using server = await startServer({ clock, alertRules: [rule] });
    await using line = await Line.to(server);
    await using bob = await observer(server);
    const steady = listenTo(bob.monitor.watch());
    await using ann = await observer(server, line.url);
    const watched = listenTo(ann.monitor.watch());
    const elsewhere = ann.monitor.watch(["nobody"]);
    await Promise.all([isLive(steady), isLive(watched)]);
    const alerts = () => watched.watch.getSnapshot().alerts.length;
    await second(clock, watched);
    await eventually(() => alerts() === 1);
    expect(elsewhere.getSnapshot().alerts).to.deep.equal([]);
    await second(clock, watched);
    await eventually(() => alerts() === 0);
    await second(clock, watched);
    await eventually(() => alerts() === 1);
    line.cut();
    await eventually(() => watched.watch.getSnapshot().status === "opening");
    await second(clock, steady);
    expect(alerts()).to.equal(1);
    line.lead(server);
    await isLive(watched);
    await eventually(() => alerts() === 0);
  });

  it("gives samples to a reader, until it is stopped", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await observer(server);
    const watched = listenTo(ann.monitor.watch());
    const read: number[] = [];
    const reading = (async () => {
      for await (const { at } of watched.watch) read.push(at);
    })();
    await isLive(watched);
    await second(clock, watched);
    watched.watch.stop();
    await reading;
    expect(read).to.deep.equal(watched.told);
  });

  it("is of a part that a connection opens once, beside the others, under the name that its namespace has", async () => {
    await using server = await startServer();
    await using ann = open({ url: server.url, namespaces: { monitor: "/meters" } });
    const { channel } = ann.use(monitor);
    expect(ann.use(monitor).channel).to.equal(channel);
    expect(channel.socket["nsp"]).to.equal("/meters");
    expect(channel.socket.io).to.equal(ann.chat.channel.socket.io);
    ann.close();
    expect(channel.getSnapshot().status).to.equal("closed");
  });

  it("is refused to whoever has not the role", async () => {
    await using server = await startServer();
    await using bob = open({ url: server.url, token: await server.token("bob") });
    const watch = bob.use(monitor).watch();
    await eventually(() => watch.getSnapshot().status === "refused");
    expect(watch.getSnapshot().failure?.code).to.equal("forbidden");
  });
});

const sample = (host: string, at: number): Sample => ({
  host,
  at,
  cpu: { percent: 1, load1: 1, cores: 2 },
  memory: { totalBytes: 100, usedBytes: 1, usedPercent: 1, scope: "host" },
  workers: [],
});
const facts = { os: "Linux", cores: 2, memoryBytes: 100 };
const START = Date.UTC(2025, 0, 1);

/** Seconds since the start. */
const timesOf = (hosts: Hosts, host: string) => hosts.all.get(host)?.samples.map((each) => (each.at - START) / 1_000);

const take = (hosts: Hosts, of: Sample) => hosts.take({ host: of.host }, [of]);
const at = (...seconds: number[]) => seconds.map((n) => sample("bell", START + n * 1_000));

describe("the hosts that are watched", () => {
  it("keep the last 300 samples of each, and none that is older than 300 s", () => {
    const hosts = createHosts();
    for (let count = 0; count < 400; count++) take(hosts, sample("bell", START + count * 500));
    expect(timesOf(hosts, "bell")).to.have.length(300);
    for (let count = 0; count < 400; count++) take(hosts, sample("drum", START + count * 2_000));
    expect(timesOf(hosts, "drum")).to.have.length(151);
    take(hosts, sample("drum", START + 2_000_000));
    expect(timesOf(hosts, "drum")).to.deep.equal([2_000]);
  });

  it("put what a watch shows between what they had, by time and each once, and say what is newer", () => {
    const hosts = createHosts();
    for (const each of at(2, 4)) expect(take(hosts, each)).to.deep.equal([each]);
    const news = hosts.take({ host: "bell", ...facts }, at(1, 2, 3, 4, 5, 6));
    expect(timesOf(hosts, "bell")).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(news.map((each) => (each.at - START) / 1_000)).to.deep.equal([5, 6]);
    for (const each of at(6)) expect(take(hosts, each)).to.deep.equal([]);
    expect(hosts.all.get("bell")).to.include({ os: "Linux", cores: 2, memoryBytes: 100 });
  });

  it("say who has left, until it is sampled again, and forget it when all of it is old", () => {
    const hosts = createHosts();
    const hasLeft = (host: string) => hosts.all.get(host)?.hasLeft;
    for (const host of ["bell", "drum", "gong"]) hosts.take({ host, ...facts }, [sample(host, START)]);
    hosts.mark("drum", true);
    expect([hasLeft("bell"), hasLeft("drum")]).to.deep.equal([false, true]);
    take(hosts, sample("drum", START + 1_000));
    expect(hasLeft("drum")).to.equal(false);
    for (const host of ["drum", "gong", "nobody"]) hosts.mark(host, true);
    expect([hasLeft("bell"), hasLeft("drum"), hasLeft("gong")]).to.deep.equal([false, true, true]);
    take(hosts, sample("bell", START + 300_500));
    hosts.mark("bell", false);
    expect([...hosts.all.keys()]).to.deep.equal(["bell", "drum"]);
  });
});
