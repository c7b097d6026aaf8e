import { expect } from "chai";
import { Sample as SampleSchema } from "../../src/namespaces/monitor/contract.ts";
import type { Sample } from "../../src/namespaces/monitor/sample.ts";
import type { Client } from "../kit/client.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const connect = (server: TestServer, id: string) => server.connect("/monitor", id, { roles: ["monitor"] });
const live = (client: Client) => client.all("metrics:sampled") as Sample[];

/** Watches all hosts and gives the only one back that there is in one process. */
async function watch(client: Client): Promise<{ host: string; cores: number; memoryBytes: number; samples: Sample[] }> {
  const { intervalMs, hosts } = await client.request("metrics:watch");
  expect(intervalMs).to.equal(1000);
  expect(hosts).to.have.length(1);
  return hosts[0];
}

describe("/monitor at work", () => {
  it("answers with the ring at once, then says what it samples each second, with neither gap nor overlap", async () => {
    await using server = await startServer();
    await using first = await connect(server, "ann");
    const own = await watch(first);
    expect(own.samples).to.deep.equal([]);
    await eventually(() => live(first).length === 2);

    await using second = await connect(server, "bob");
    const { samples: ring } = await watch(second);
    expect(ring).to.deep.equal(live(first).slice(0, 2));
    await eventually(() => live(first).length === 3 && live(second).length === 1);

    const samples = live(first);
    expect([...ring, ...live(second)]).to.deep.equal(samples);
    for (const [index, sample] of samples.entries()) {
      expect(SampleSchema.parse(sample)).to.deep.equal(sample);
      expect(sample.cpu.cores).to.equal(own.cores);
      expect(sample.memory.totalBytes).to.equal(own.memoryBytes);
      if (index > 0) expect(sample.at - samples[index - 1]!.at).to.be.within(900, 1300);
    }
  });

  it("shows what its own worker does", async () => {
    await using server = await startServer();
    await using reader = await server.connect("/chat", "cat", { rooms: ["*"] });
    await reader.request("room:join", { room: "lobby" });
    await using watcher = await connect(server, "ann");
    await watch(watcher);

    const workers = () => live(watcher).flatMap((sample) => sample.workers);
    await eventually(() => workers().length > 0);
    for (let times = 0; times < 20; times++) await reader.request("room:members", { room: "lobby" });
    const busy = await eventually(() => workers().find(({ eventsPerSec }) => eventsPerSec.in >= 10));

    expect(workers()[0]).to.deep.include({ pid: process.pid, rooms: 1, sockets: { chat: 1, monitor: 1, notify: 0 } });
    expect(busy?.eventsPerSec.out).to.be.at.least(10);
  });

  it("goes quiet when the last watcher's connection breaks, and begins again with the next watcher", async () => {
    await using server = await startServer();
    await using bystander = await connect(server, "bob");
    await using watcher = await connect(server, "ann");
    const { host } = await watch(watcher);
    expect(await bystander.event("host:joined")).to.deep.equal({ host });

    watcher.socket.io.reconnection(false);
    watcher.socket.io.engine.close();
    expect(await bystander.event("host:left")).to.deep.equal({ host });

    bystander.forget();
    await watch(bystander);
    await bystander.event("host:joined");
    await bystander.request("metrics:unwatch");
    await bystander.event("host:left");
  });

  it("raises alerts by the rules of its options", async () => {
    const rule = { metric: "worker.rssBytes", warning: 1, critical: 2, forSamples: 1 } as const;
    await using server = await startServer({ alertRules: [rule] });
    await using bystander = await connect(server, "bob");
    await using watcher = await connect(server, "ann");
    const { host } = await watch(watcher);

    const alert = await bystander.event("alert:raised");
    expect(alert).to.include({ host, metric: "worker.rssBytes", level: "critical", threshold: 2 });
    expect(await bystander.request("alert:list")).to.deep.equal({ alerts: [alert] });
  });
});
