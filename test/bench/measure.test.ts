import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { opened } from "../kit/leaks.ts";
import { startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";
import type { Delivered, Histogram } from "./load.ts";
import {
  cpuBetween,
  exceptRedis,
  onlyRedis,
  readUsage,
  redisCommandsBetween,
  residentBytes,
  voidReason,
  writesBetween,
} from "./measure/index.ts";
import type { Usage } from "./measure.ts";

/** Under a name that would mislead whoever splits at spaces: burns half a second of CPU for each line that it is told, and answers. */
const BURNER = `
  process.title = "a ) R 1 (b";
  process.stdin.on("data", () => {
    const begun = process.cpuUsage();
    for (let used = begun; used.user + used.system < 500_000; used = process.cpuUsage(begun));
    console.log("burnt");
  });
  console.log("ready");
`;

/** Writes 100 lines for each line that it is told, each by a call of its own. */
const WRITER = `echo ready; while read -r line; do i=0; while [ $i -lt 100 ]; do echo $i; i=$((i + 1)); done; done`;

/** A process that does something when it is told, and says so by lines. */
async function startProgram(command: string, ...args: readonly string[]) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const released = opened(child, command);
  const lines = createInterface(child.stdout);
  let said = 0;
  lines.on("line", () => said++);
  await eventually(() => said === 1);
  return {
    pid: pidOf(child),
    /** Resolves when it has said so many lines more. */
    async act(count: number) {
      const all = said + count;
      child.stdin.write("act\n");
      await eventually(() => said === all);
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      released();
    },
  };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("It was not started");
  return pid;
}

const failure = (reading: Promise<Usage>) =>
  reading.then(
    () => "none",
    (error: Error) => error.message,
  );

/** A reading that has gone by `seconds` since the machine started, all its two cores idle but for what is given. */
const usageAt = (seconds: number, given: Partial<Usage> = {}): Usage => ({
  atNs: BigInt(seconds * 1e9),
  cpu: new Map(),
  writes: new Map(),
  rss: new Map(),
  redisCommands: 0,
  machine: { busy: 0, steal: 0, total: 2 * seconds },
  ...given,
});

const none: Histogram = { count: 0, at: () => 0, max: 0 };

/** A load that all went well, with a load generator that used half of its core. */
const delivered = (given: Partial<Delivered> = {}): Delivered => ({
  sent: 10,
  acked: 10,
  refused: 0,
  delivered: 1000,
  expected: 1000,
  doubled: 0,
  missing: 0,
  swapped: 0,
  bytes: 300_000,
  latency: none,
  ackLatency: none,
  clientBusy: 0.5,
  clientLoopP99Ms: 1,
  lost: 0,
  ...given,
});

describe("usage", () => {
  it("has the CPU of each process under its name, whatever the program calls itself", async () => {
    await using burner = await startProgram(process.execPath, "--eval", BURNER);
    await using idler = await startProgram("sh", "-c", WRITER);
    const processes = [
      { name: "redis", pid: burner.pid },
      { name: "worker 0", pid: idler.pid },
    ];
    const begin = await readUsage(processes, undefined);
    await burner.act(1);
    const end = await readUsage(processes, undefined);
    expect(cpuBetween(begin, end, onlyRedis).total).to.be.within(0.48, 0.8);
    expect(cpuBetween(begin, end, exceptRedis).total).to.be.below(0.03);
    expect(cpuBetween(begin, end).total).to.be.at.least(cpuBetween(begin, end, onlyRedis).total);
    const { busy, total } = end.machine;
    expect(busy - begin.machine.busy).to.be.within(0.3, total - begin.machine.total + 0.1);
    expect(end.rss.get("redis")).to.be.within(10 * 2 ** 20, 2 ** 30);
    expect(residentBytes(end, exceptRedis)).to.equal(end.rss.get("worker 0"));
  });

  it("has as many writes as were done, by the peer's own processes", async () => {
    await using first = await startProgram("sh", "-c", WRITER);
    await using second = await startProgram("sh", "-c", WRITER);
    await using redis = await startProgram("sh", "-c", WRITER);
    const processes = [
      { name: "worker 0", pid: first.pid },
      { name: "worker 1", pid: second.pid },
      { name: "redis", pid: redis.pid },
    ];
    const begin = await readUsage(processes, undefined);
    await first.act(100);
    await second.act(100);
    await redis.act(100);
    expect(writesBetween(begin, await readUsage(processes, undefined))).to.equal(200);
  });

  it("has no number of writes where a process writes by calls that are not counted", async () => {
    const process0 = { name: "worker 0", pid: process.pid };
    const processes = [process0, { name: "worker 1", pid: process.pid, sends: true }] as const;
    const usage = await readUsage(processes, undefined);
    expect(usage.writes.has("worker 0")).to.equal(true);
    expect(writesBetween(usage, usage)).to.equal(undefined);
  });

  it("has the commands that Redis was given and those of its scripts, and none that are but about connections", async () => {
    await using redis = await startRedis();
    await redis.admin.ping();
    const begin = await readUsage([], redis.url);
    await redis.admin.set("key", "value");
    await redis.admin.eval("redis.call('INCR', KEYS[1]); return redis.call('INCR', KEYS[1])", 1, "count");
    await redis.admin.subscribe("channel");
    await redis.admin.unsubscribe("channel");
    await redis.admin.info();
    expect(redisCommandsBetween(begin, await readUsage([], redis.url))).to.equal(4);
  });

  it("cannot be read of a process that is gone, or of a Redis that does not answer", async () => {
    const gone = await startProgram("sh", "-c", WRITER);
    await gone[Symbol.asyncDispose]();
    expect(await failure(readUsage([{ name: "worker 0", pid: gone.pid }], undefined))).to.include("ENOENT");
    expect(await failure(readUsage([], "redis://127.0.0.1:1"))).to.not.equal("none");
  });
});

describe("a run", () => {
  const begin = usageAt(0, { cpu: new Map([["worker 0", { user: 0, system: 0 }]]) });
  /** Five seconds of two cores: three are the worker's, two and a half the load generator's. */
  const cpu = new Map([["worker 0", { user: 2, system: 1 }]]);
  const endWith = (machine: { busy: number; steal: number }) => usageAt(5, { cpu, machine: { ...machine, total: 10 } });
  const calm = endWith({ busy: 5.9, steal: 0.2 });

  const reason = (given: Partial<Delivered>) => voidReason(delivered(given), begin, calm);

  it("counts where all arrived and nobody was in the way", () => {
    expect(reason({})).to.equal(undefined);
  });

  it("does not count where anything was lost on the way", () => {
    expect(reason({ delivered: 999 })).to.equal("999 of 1000 messages were delivered");
    expect(reason({ delivered: 1001 })).to.equal("1001 of 1000 messages were delivered");
    expect(reason({ lost: 1 })).to.equal("1 connections were lost");
    expect(reason({ refused: 2 })).to.equal("2 messages were refused");
    for (const wrong of ["missing", "doubled", "swapped"] as const)
      expect(reason({ [wrong]: 3 })).to.equal(`3 of the messages that were looked into were ${wrong}`);
  });

  it("does not count where the load generator was at its limits", () => {
    expect(reason({ clientBusy: 0.76 })).to.include("busy for 76.0 %");
    expect(reason({ clientLoopP99Ms: 5.1 })).to.include("late by 5.1 ms");
  });

  it("may have a late load generator where it is not about time", () => {
    expect(voidReason(delivered({ clientLoopP99Ms: 50 }), begin, calm, { timed: false })).to.equal(undefined);
  });

  it("does not count where others had a part of the machine", () => {
    expect(voidReason(delivered(), begin, endWith({ busy: 5.9, steal: 0.31 }))).to.include(
      "3.1 % of the machine's time were stolen",
    );
    expect(voidReason(delivered(), begin, endWith({ busy: 6.1, steal: 0 }))).to.include(
      "6.0 % of the machine's time went to other",
    );
  });
});
