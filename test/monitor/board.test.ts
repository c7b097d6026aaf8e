import { expect } from "chai";
import { bytesOf } from "../../src/log/budget.ts";
import { createBoard } from "../../src/namespaces/monitor/board.ts";
import type { Alert, Sample, Worker } from "../../src/namespaces/monitor/sample.ts";

const START = Date.UTC(2025, 0, 1);
const NOW = START + 300_000;
const facts = { os: "Linux", cores: 2, memoryBytes: 1 };

const row = (id: number): Worker => ({
  id: `worker-${id}`,
  pid: id,
  uptimeSec: 1,
  rssBytes: 100_000_000,
  heapUsedBytes: 50_000_000,
  cpuPercent: 1.5,
  eventLoopLagMs: { p50: 0.1, p99: 1.2, max: 3.4 },
  sockets: { chat: 1_000, monitor: 2, notify: 1_000 },
  rooms: 100,
  eventsPerSec: { in: 100.5, out: 1_000.5 },
});

const sampleAt = (host: string, second: number, workers = 1): Sample => ({
  host,
  at: START + second * 1_000,
  cpu: { percent: 0, load1: 0, cores: 2 },
  memory: { totalBytes: 1, usedBytes: 0, usedPercent: 0, scope: "host" },
  workers: Array.from({ length: workers }, (_, id) => row(id)),
});

const alert = (id: string, level: Alert["level"] = "warning"): Alert => ({
  id,
  host: "bell",
  metric: "cpu.percent",
  level,
  value: 90,
  threshold: 85,
  at: START,
});

/** One report of a host each second, with what stands after it. */
const reportAt = (second: number, standing: Alert[] = [], cleared: Alert[] = []) => ({
  sample: sampleAt("bell", second),
  facts,
  standing,
  cleared,
});

describe("what a worker knows of the hosts", () => {
  it("is shown within what an ack may carry: the newest of every host", () => {
    const board = createBoard();
    for (let second = 1; second <= 300; second++)
      for (const host of ["bell", "drum"])
        board.take({ sample: sampleAt(host, second, 16), facts, standing: [], cleared: [] });
    const { hosts } = board.show("all", NOW);
    expect(hosts.map(({ host }) => host)).to.deep.equal(["bell", "drum"]);
    expect(bytesOf(hosts)).to.be.within(240 * 1024, 256 * 1024);
    for (const { samples } of hosts) {
      expect(samples.length).to.be.within(20, 200);
      expect(samples.at(-1)?.at).to.equal(NOW);
      expect(samples.map(({ at }) => at)).to.deep.equal(
        samples.map((_, index) => NOW - (samples.length - 1 - index) * 1_000),
      );
    }
  });

  it("is shown whole where it is small, with what comes after it, of the hosts that were asked for", () => {
    const board = createBoard();
    board.list("bell", facts);
    for (const host of ["bell", "drum"]) board.take({ sample: sampleAt(host, 1), facts, standing: [], cleared: [] });
    const { hosts, since } = board.show(new Set(["drum", "harp"]), NOW);
    expect(hosts).to.deep.equal([{ host: "drum", ...facts, samples: [sampleAt("drum", 1)] }]);
    for (const host of ["bell", "drum", "harp"])
      board.take({ sample: sampleAt(host, 2), facts, standing: [], cleared: [] });
    expect(since().map(({ host, at }) => [host, at])).to.deep.equal([
      ["drum", START + 2_000],
      ["harp", START + 2_000],
    ]);
  });

  it("tells what changed from one report to the next, also where some between them never came", () => {
    const board = createBoard();
    const told = (...report: Parameters<typeof reportAt>) =>
      board.take(reportAt(...report)).map(({ event, alert: { id, level } }) => `${event} ${id} ${level}`);
    expect(told(1)).to.deep.equal([]);
    expect(told(2, [alert("a")])).to.deep.equal(["alert:raised a warning"]);
    expect(told(3, [alert("a")])).to.deep.equal([]);
    expect(told(4, [alert("a", "critical"), alert("b")])).to.deep.equal([
      "alert:raised a critical",
      "alert:raised b warning",
    ]);
    // The report that cleared `a` and raised `c` was lost.
    expect(told(6, [alert("b"), alert("c")])).to.deep.equal(["alert:cleared a critical", "alert:raised c warning"]);
    expect(board.standing().map(({ id }) => id)).to.deep.equal(["b", "c"]);
    expect(told(7, [], [alert("b"), alert("c")])).to.have.length(2);
    expect(board.standing()).to.deep.equal([]);
  });

  it("gives the alerts of a host that is taken off, so that somebody can clear them", () => {
    const board = createBoard();
    board.take(reportAt(1, [alert("a")]));
    expect(board.forget("bell")).to.deep.equal([alert("a")]);
    expect(board.standing()).to.deep.equal([]);
    expect(board.show("all", NOW).hosts).to.deep.equal([]);
  });
});
