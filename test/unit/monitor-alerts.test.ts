import { expect } from "chai";
import { createAlerts, DEFAULT_ALERT_RULES, type AlertChange } from "../../src/namespaces/monitor/alerts.ts";
import type { Sample, Worker } from "../../src/namespaces/monitor/sample.ts";

const START = Date.UTC(2025, 0, 1);

interface Scene {
  host?: string;
  cpu?: number;
  memory?: number;
  lags?: number[];
}

function sampleAt(second: number, { host = "bell", cpu = 0, memory = 0, lags = [] }: Scene = {}): Sample {
  return {
    host,
    at: START + second * 1000,
    cpu: { percent: cpu, load1: 0, cores: 2 },
    memory: { totalBytes: 100, usedBytes: memory, usedPercent: memory, scope: "host" },
    workers: lags.map((p99, index) => workerWith(p99, index)),
  };
}

function workerWith(p99: number, index: number): Worker {
  return {
    id: `w${index}`,
    pid: 1000 + index,
    uptimeSec: 1,
    rssBytes: 1,
    heapUsedBytes: 1,
    cpuPercent: 0,
    eventLoopLagMs: { p50: 0, p99, max: p99 },
    sockets: { chat: 0, monitor: 0, notify: 0 },
    rooms: 0,
    eventsPerSec: { in: 0, out: 0 },
  };
}

/** Shows one CPU percentage a second and tells at which seconds what changed. */
function replay(percentages: number[], alerts = createAlerts()): string[] {
  return percentages.flatMap((cpu, second) =>
    alerts.observe(sampleAt(second, { cpu })).map((change) => line(second, change)),
  );
}

/** Shows a CPU percentage that is over at these seconds. */
function overAt(seconds: number[]): AlertChange[] {
  const alerts = createAlerts();
  return seconds.flatMap((second) => alerts.observe(sampleAt(second, { cpu: 90 })));
}

const line = (second: number, { event, alert }: AlertChange) =>
  `${second} ${event} ${alert.level} ${alert.value}/${alert.threshold}`;
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe("alerts", () => {
  it("raises a warning with the sixth sample in a row that is over", () => {
    expect(replay(times(8, 90))).to.deep.equal(["5 alert:raised warning 90/85"]);
  });

  it("counts a value at the threshold as over", () => {
    expect(replay(times(6, 85))).to.deep.equal(["5 alert:raised warning 85/85"]);
  });

  it("raises nothing when one sample of the six is below", () => {
    expect(replay([90, 90, 90, 90, 90, 84.9, 90, 90, 90, 90, 90])).to.deep.equal([]);
  });

  it("raises critical at once when all six are critical, and only that", () => {
    expect(replay(times(10, 99))).to.deep.equal(["5 alert:raised critical 99/95"]);
  });

  it("counts critical samples towards a warning", () => {
    expect(replay([99, 90, 99, 90, 99, 90])).to.deep.equal(["5 alert:raised warning 90/85"]);
  });

  it("raises again with the same id when a warning becomes critical", () => {
    const alerts = createAlerts();
    const ids = new Set<string>();
    const seen: string[] = [];
    [...times(6, 90), ...times(6, 97)].forEach((cpu, second) => {
      for (const change of alerts.observe(sampleAt(second, { cpu }))) {
        ids.add(change.alert.id);
        seen.push(line(second, change));
      }
    });

    expect(seen).to.deep.equal(["5 alert:raised warning 90/85", "11 alert:raised critical 97/95"]);
    expect(ids.size).to.equal(1);
    expect(alerts.standing()).to.have.length(1);
    expect(alerts.standing()[0]).to.include({ level: "critical", at: START + 11_000 });
  });

  it("keeps a critical alert critical until it clears", () => {
    expect(replay([...times(6, 99), ...times(10, 88)])).to.deep.equal(["5 alert:raised critical 99/95"]);
  });

  it("does not clear between the threshold and its margin, nor by a single low sample", () => {
    expect(replay([...times(6, 90), ...times(10, 80), 10, 10, 10, 10, 10, 80])).to.deep.equal([
      "5 alert:raised warning 90/85",
    ]);
  });

  it("clears with the sixth sample in a row below the margin, and raises anew under another id", () => {
    const alerts = createAlerts();
    const changes = [...times(6, 90), ...times(6, 70), ...times(6, 90)].flatMap((cpu, second) =>
      alerts.observe(sampleAt(second, { cpu })),
    );

    expect(changes.map(({ event }) => event)).to.deep.equal(["alert:raised", "alert:cleared", "alert:raised"]);
    const [raised, cleared, again] = changes.map(({ alert }) => alert);
    expect(cleared).to.deep.equal({ ...raised, value: 70, threshold: 76.5, at: START + 11_000 });
    expect(again?.id).not.to.equal(raised?.id);
  });

  it("lists what stands, and nothing that was cleared", () => {
    const alerts = createAlerts();
    for (let second = 0; second < 6; second++) alerts.observe(sampleAt(second, { cpu: 90, memory: 96 }));
    expect(alerts.standing().map(({ metric, level }) => [metric, level])).to.deep.equal([
      ["cpu.percent", "warning"],
      ["memory.usedPercent", "critical"],
    ]);

    for (let second = 6; second < 12; second++) alerts.observe(sampleAt(second, { cpu: 90 }));
    expect(alerts.standing().map(({ metric }) => metric)).to.deep.equal(["cpu.percent"]);
  });

  it("takes the worst worker of a host", () => {
    const alerts = createAlerts();
    const changes = Array.from({ length: 6 }, (_, second) =>
      alerts.observe(sampleAt(second, { lags: [3, 140, 7] })),
    ).flat();

    expect(changes.map((change) => line(5, change))).to.deep.equal(["5 alert:raised warning 140/100"]);
    expect(changes[0]?.alert.metric).to.equal("worker.eventLoopLagMs.p99");
  });

  it("keeps hosts apart", () => {
    const alerts = createAlerts();
    const changes = Array.from({ length: 6 }, (_, second) => [
      ...alerts.observe(sampleAt(second, { host: "bell", cpu: 90 })),
      ...alerts.observe(sampleAt(second, { host: "drum", cpu: 10 })),
    ]).flat();

    expect(changes.map(({ alert }) => alert.host)).to.deep.equal(["bell"]);
  });

  it("counts over a short gap, but not over a time in which nobody watched", () => {
    expect(overAt([0, 1, 2, 5, 6, 9])).to.have.length(1);
    expect(overAt([0, 1, 2, 60, 61, 62])).to.have.length(0);
    expect(overAt([0, 1, 2, 60, 61, 62, 63, 64, 65])).to.have.length(1);
  });

  it("follows the rules it is given", () => {
    const rules = [{ metric: "cpu.percent", warning: 50, critical: 60, clearBelow: 20, forSamples: 2 }] as const;

    expect(replay([55, 55, 30, 30, 30, 10, 10], createAlerts(rules))).to.deep.equal([
      "1 alert:raised warning 55/50",
      "6 alert:cleared warning 10/20",
    ]);
  });

  it("says nothing of what a sample does not hold", () => {
    const alerts = createAlerts([
      { metric: "disk.usedPercent", warning: 0, critical: 0, forSamples: 1 },
      { metric: "worker.rssBytes", warning: 0, critical: 0, forSamples: 1 },
    ]);

    expect(alerts.observe(sampleAt(0))).to.deep.equal([]);
  });

  it("has rules for processor, memory and event loop by default", () => {
    expect(DEFAULT_ALERT_RULES.map(({ metric }) => metric)).to.deep.equal([
      "cpu.percent",
      "memory.usedPercent",
      "worker.eventLoopLagMs.p99",
    ]);
  });
});
