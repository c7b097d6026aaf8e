import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { describeHost, openHostMeter } from "../../src/namespaces/monitor/host.ts";
import { readContainerMemory, toMemory } from "../../src/namespaces/monitor/memory.ts";
import { openWorkerMeter } from "../../src/namespaces/monitor/worker.ts";
import { eventually } from "../kit/wait.ts";

const GIB = 2 ** 30;

/** Lets the event loop turn freely for so long. */
async function rest(forMs: number): Promise<void> {
  const fromMs = performance.now();
  await eventually(() => performance.now() - fromMs > forMs);
}

const proc = (path: string) => readFileSync(join("/proc", path), "utf8");

function meminfoBytes(name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(proc("meminfo"))?.[1]) * 1024;
}

/** Busy and all ticks of all cores, by proc(5). */
function cpuTicks(): { busy: number; all: number } {
  const ticks = proc("stat").split("\n")[0]?.split(/\s+/).slice(1, 9).map(Number) ?? [];
  const all = ticks.reduce((sum, count) => sum + count, 0);
  return { all, busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}

describe("what is read of a host", function () {
  before(function () {
    if (process.platform !== "linux") throw new Error("These tests compare with /proc.");
  });

  it("describes it as the system does", () => {
    const { os, cores, memoryBytes } = describeHost();

    expect(os).to.equal(execFileSync("uname", ["-sr"], { encoding: "utf8" }).trim());
    expect(cores).to.equal(proc("cpuinfo").match(/^processor\s*:/gm)?.length);
    expect(memoryBytes).to.equal(readContainerMemory(meminfoBytes("MemTotal"))?.totalBytes ?? meminfoBytes("MemTotal"));
  });

  it("agrees with /proc on memory, load and cores, and with df on the disk", async () => {
    const meter = await openHostMeter(describeHost());
    const { cpu, memory, disk } = await meter.read();

    const totalBytes = meminfoBytes("MemTotal");
    if (memory.scope === "host") {
      expect(memory.totalBytes).to.equal(totalBytes);
      expect(memory.usedBytes).to.be.closeTo(totalBytes - meminfoBytes("MemAvailable"), totalBytes * 0.02);
    } else {
      expect(memory.totalBytes).to.be.below(totalBytes);
    }
    expect(memory.usedPercent).to.be.closeTo((memory.usedBytes / memory.totalBytes) * 100, 0.1);
    expect(cpu.load1).to.be.closeTo(Number(proc("loadavg").split(" ")[0]), 0.5);
    expect(cpu.cores).to.equal(proc("cpuinfo").match(/^processor\s*:/gm)?.length);

    const [sizeKiB, usedKiB] = execFileSync("df", ["-Pk", "/"], { encoding: "utf8" })
      .split("\n")[1]!
      .split(/\s+/)
      .slice(1)
      .map(Number);
    expect(disk?.totalBytes).to.be.closeTo(sizeKiB! * 1024, 1024);
    expect(disk?.usedBytes).to.be.closeTo(usedKiB! * 1024, sizeKiB! * 1024 * 0.01);
  });

  it("agrees with /proc/stat on the processor, under load", async () => {
    const meter = await openHostMeter(describeHost());
    await meter.read();
    const busy = spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" });
    try {
      const burnt = () =>
        proc(`${busy.pid}/stat`)
          .split(" ")
          .slice(13, 15)
          .map(Number)
          .reduce((sum, ticks) => sum + ticks, 0);
      await eventually(() => burnt() > 10);
      const before = cpuTicks();
      await meter.read();
      const from = burnt();
      await eventually(() => burnt() > from + 80);
      const { percent } = (await meter.read()).cpu;
      const now = cpuTicks();

      expect(percent).to.be.closeTo(((now.busy - before.busy) / (now.all - before.all)) * 100, 10);
      expect(percent).to.be.above(60 / describeHost().cores);
    } finally {
      busy.kill("SIGKILL");
    }
  });

  it("tells rates of the network from the first reading on, where an interface leads out", async () => {
    const meter = await openHostMeter(describeHost());
    const { network } = await meter.read();

    const leadsOut = proc("net/route")
      .split("\n")
      .some((route) => route.split("\t")[1] === "00000000");
    expect(network !== undefined).to.equal(leadsOut);
    if (network) expect(Math.min(network.rxBytesPerSec, network.txBytesPerSec)).to.be.at.least(0);
  });
});

describe("the memory of a container", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "cgroup-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(files: Record<string, string | number>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), `${text}\n`);
    }
  }

  it("is its limit and what it uses without files that can be dropped (version 2)", () => {
    write({
      "memory.max": 4 * GIB,
      "memory.current": 3 * GIB,
      "memory.stat": `anon 5\ninactive_file ${GIB}\nactive_file 7`,
    });

    expect(toMemory({ total: 16 * GIB, available: 12 * GIB }, root)).to.deep.equal({
      totalBytes: 4 * GIB,
      usedBytes: 2 * GIB,
      usedPercent: 50,
      scope: "container",
    });
  });

  it("is its limit and what it uses without files that can be dropped (version 1)", () => {
    write({
      "memory/memory.limit_in_bytes": 4 * GIB,
      "memory/memory.usage_in_bytes": 2 * GIB,
      "memory/memory.stat": `inactive_file 1\ntotal_inactive_file ${GIB}`,
    });

    expect(toMemory({ total: 16 * GIB, available: 12 * GIB }, root)).to.deep.equal({
      totalBytes: 4 * GIB,
      usedBytes: GIB,
      usedPercent: 25,
      scope: "container",
    });
  });

  const unlimited: Record<string, Record<string, string | number>> = {
    "there are no control groups": {},
    "version 2 sets no limit": { "memory.max": "max", "memory.current": GIB },
    "version 1 sets no limit": {
      "memory/memory.limit_in_bytes": "9223372036854771712",
      "memory/memory.usage_in_bytes": GIB,
    },
    "the limit is above what the host has": { "memory.max": 32 * GIB, "memory.current": GIB },
  };
  for (const [circumstance, files] of Object.entries(unlimited)) {
    it(`is the host's where ${circumstance}`, () => {
      write(files);

      expect(toMemory({ total: 16 * GIB, available: 12 * GIB }, root)).to.deep.equal({
        totalBytes: 16 * GIB,
        usedBytes: 4 * GIB,
        usedPercent: 25,
        scope: "host",
      });
    });
  }
});

describe("what is read of a worker", () => {
  const activity = { sockets: (name: string) => name.length, rooms: () => 3, events: { in: 0, out: 0 } };

  it("is this process", () => {
    const meter = openWorkerMeter("boot-1", activity);
    const worker = meter.read();
    meter.close();

    expect(worker).to.include({ id: "boot-1", pid: process.pid, rooms: 3 });
    expect(worker.sockets).to.deep.equal({ chat: 5, monitor: 8, notify: 7 });
    const rssBytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(proc("self/status"))?.[1]) * 1024;
    expect(worker.rssBytes).to.be.closeTo(rssBytes, rssBytes * 0.2);
    expect(worker.heapUsedBytes).to.be.within(1, worker.rssBytes);
    expect(worker.uptimeSec).to.be.closeTo(process.uptime(), 1.5);
  });

  it("counts events since the reading before, a second", async () => {
    const events = { in: 1000, out: 5000 };
    const openedAt = performance.now();
    const meter = openWorkerMeter("boot-1", { ...activity, events });
    const startedAt = performance.now();
    events.in += 100;
    events.out += 300;
    await rest(200);
    const leastMs = performance.now() - startedAt;
    const first = meter.read().eventsPerSec;
    const mostMs = performance.now() - openedAt;
    const second = meter.read().eventsPerSec;
    meter.close();

    expect(first.in).to.be.within(100_000 / mostMs - 1, 100_000 / leastMs + 1);
    expect(first.out / first.in).to.be.closeTo(3, 0.1);
    expect(second).to.deep.equal({ in: 0, out: 0 });
  });

  it("counts the processor's time since the reading before", async () => {
    const meter = openWorkerMeter("boot-1", activity);
    const [before, startMs] = [process.cpuUsage(), performance.now()];
    await rest(50);
    while (process.cpuUsage(before).user < 100_000);
    const { cpuPercent } = meter.read();
    const { user: userUs, system: systemUs } = process.cpuUsage(before);
    meter.close();

    expect(cpuPercent).to.be.closeTo((userUs + systemUs) / 10 / (performance.now() - startMs), 5);
  });

  it("tells an idle event loop from one that was blocked, and forgets the block with the next reading", async () => {
    const meter = openWorkerMeter("boot-1", activity);
    try {
      await rest(200);
      expect(meter.read().eventLoopLagMs.p50).to.be.within(0, 5);

      await rest(30);
      const blockedMs = performance.now();
      while (performance.now() - blockedMs < 300);
      await rest(30);
      const { p99, max } = meter.read().eventLoopLagMs;
      expect(max).to.be.at.least(250);
      expect(p99).to.be.within(250, max);

      await rest(200);
      expect(meter.read().eventLoopLagMs.max).to.be.below(200);
    } finally {
      meter.close();
    }
  });
});
