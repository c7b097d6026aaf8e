import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Sample } from "./measure.ts";
import { readEnvironment } from "./report/environment.ts";
import { writeReport } from "./report/write.ts";
import { runRounds } from "./rounds.ts";
import { acks } from "./workloads/acks.ts";
import { fanoutBurst, fanoutSteady } from "./workloads/fanout.ts";
import type { Workload } from "./workloads/workload.ts";

const PACE = { warmSeconds: 0.2, seconds: 0.5 };
const CONTENDERS = ["carillon", "stock"];

/** What others do on this machine meanwhile makes a run void, and is nothing to a test; what was lost is. */
const LOST = /failed|lost|refused|delivered|let in|looked into/;

/** One round of a workload with Carillon and stock Socket.IO. */
async function smallest(workload: Workload): Promise<readonly Sample[]> {
  const contenders = workload.contenders.filter(({ key }) => CONTENDERS.includes(key));
  const options = { rounds: 1, pace: PACE, pinned: false, repeats: 0, told() {} };
  const { samples } = await runRounds({ ...workload, contenders }, options);
  expect(samples.map(({ peer }) => peer)).to.deep.equal(CONTENDERS);
  for (const { void: why = "" } of samples) expect(why).not.to.match(LOST);
  return samples;
}

describe("The benchmarks", function () {
  this.timeout(60_000);

  const asking = acks({ clients: 16, perSec: 200 });
  let steady: readonly Sample[];
  let bursts: readonly Sample[];
  let answered: readonly Sample[];

  // Side by side: what they measure is of no interest here, and most of their time is that of starting processes.
  before(async () => {
    [steady, bursts, answered] = await Promise.all([
      smallest(fanoutSteady({ rooms: 1, members: 30, turnsPerSec: 20 })),
      smallest(fanoutBurst({ rooms: 2, members: 20, turnsPerSec: 10 })),
      smallest(asking),
    ]);
  });

  it("deliver each message of a room to each member once, and say what a delivery takes", () => {
    for (const { figures } of steady) {
      expect(figures).to.include({ messages: 10, acks: 10, deliveries: 300 });
      expect(figures).to.include.keys("CPU µs/delivery", "writes/delivery", "bytes/delivery", "p50 ms", "p99 ms");
    }
  });

  it("send bursts of eight messages", () => {
    for (const { figures } of bursts) expect(figures).to.include({ messages: 40, acks: 40, deliveries: 800 });
  });

  it("ask for what is answered and told to nobody", () => {
    for (const { figures } of answered) expect(figures).to.include({ messages: 100, acks: 100, deliveries: 0 });
  });

  it("write a report with all of it, what it was made by, and the goals that were not measured", async () => {
    const { name, about, shows } = asking;
    const made = { command: "npm test", date: new Date().toISOString(), environment: readEnvironment(), pace: PACE };
    const contenders = CONTENDERS.map((key) => ({ key, name: key, lacks: "" }));
    const folder = await mkdtemp(join(tmpdir(), "carillon-bench-"));
    try {
      await writeReport(folder, [
        { workload: name, about, shows, ...made, contenders, skipped: [], samples: answered },
      ]);
      const json: unknown = JSON.parse(await readFile(join(folder, "results.json"), "utf8"));
      expect(json).to.have.nested.property("acks.samples").that.deep.equals(answered);
      const report = await readFile(join(folder, "results.md"), "utf8");
      expect(report).to.match(/^\| G1 \| .* \| not measured \|$/m);
      expect(report).to.include("`npm test` on ").and.to.include(process.version);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
