import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { type Goal, judge } from "./goals.ts";
import type { Sample } from "./measure.ts";
import type { Environment } from "./report/environment.ts";
import { markdown } from "./report/markdown.ts";
import { picture } from "./report/picture.ts";
import { figures, README } from "./report/readme.ts";
import { type Measured, readResults } from "./report/results.ts";
import { digits, spreadOf } from "./report/summary.ts";
import { REPOSITORY } from "./repository.ts";
import { insert } from "./report/insert.ts";

const CPU = "CPU µs/delivery";

const GOAL: Goal = {
  id: "G0",
  claim: "half of it",
  workload: "fanout-steady",
  of: { contender: "carillon", figure: CPU },
  against: { contender: "stock", figure: CPU },
  bound: "at most",
  limit: 0.5,
};

const ENVIRONMENT: Environment = {
  commit: "abc1234",
  kernel: "Linux 6",
  cpu: "a <fast> one",
  cores: 2,
  memoryGiB: 4,
  node: "v20.0.0",
  versions: { ws: "8.0.0" },
  textBytes: 180,
};

const sample = (peer: string, round: number, value: number, why?: string): Sample => ({
  peer,
  round,
  workload: "fanout-steady",
  figures: { [CPU]: value },
  ...(why !== undefined && { void: why }),
});

const measured = (...samples: Sample[]): Measured => ({
  workload: "fanout-steady",
  about: "A room.",
  shows: [CPU],
  command: "npm run bench",
  date: "2026-01-02T03:04:05.000Z",
  environment: ENVIRONMENT,
  pace: { warmSeconds: 3, seconds: 5 },
  contenders: ["carillon", "stock"].map((key) => ({ key, name: key, lacks: "" })),
  skipped: [{ key: "uws", why: "it does not load" }],
  samples,
});

describe("The benchmarks' report", () => {
  it("takes ratios within a round, and then the median of the ratios", () => {
    const samples = [
      sample("carillon", 1, 1),
      sample("stock", 1, 10),
      sample("carillon", 2, 40),
      sample("stock", 2, 100),
      sample("carillon", 3, 9),
      sample("stock", 3, 10),
    ];
    const [verdict] = judge({ "fanout-steady": measured(...samples) }, [GOAL]);
    expect(verdict).to.deep.include({ reached: true, measured: { median: 0.4, min: 0.1, max: 0.9, rounds: 3 } });
  });

  it("counts no sample that is void, and takes the one that was measured instead", () => {
    const samples = [sample("carillon", 1, 1, "stolen"), sample("carillon", 1, 6), sample("stock", 1, 10)];
    const later = [sample("carillon", 2, 1), sample("stock", 2, 10, "stolen")];
    const [verdict] = judge({ "fanout-steady": measured(...samples, ...later) }, [GOAL]);
    expect(verdict).to.deep.include({ reached: false, measured: { median: 0.6, min: 0.6, max: 0.6, rounds: 1 } });
  });

  it("does not say of a goal that was not measured that it was reached, or that it was not", () => {
    expect(judge({}, [GOAL])).to.deep.equal([{ goal: GOAL, measured: undefined, reached: undefined }]);
    expect(markdown({})).to.match(/^\| G1 \| .* \| not measured \|$/m);
  });

  it("says beside each workload's figures by what command, when and with what they were made", () => {
    const text = markdown({
      "fanout-steady": measured(sample("carillon", 1, 12.345), sample("stock", 1, 20, "stolen")),
    });
    expect(text).to.include("| carillon | 12.3 | 1 (0 void) |").and.to.include("| stock | – | 0 (1 void) |");
    expect(text).to.include("`npm run bench` on 2026-01-02, commit abc1234; 3.00 s to warm up and 5.00 s that count;");
    expect(text).to.include("ws 8.0.0").and.to.include("`uws` was not measured: it does not load");
  });

  it("draws a bar for each that was measured, and nothing of nothing", () => {
    expect(picture({})).to.equal(undefined);
    const svg = picture({ "fanout-steady": measured(sample("carillon", 1, 10), sample("stock", 1, 20)) }) ?? "";
    expect(svg.match(/<rect/g)).to.have.length(2);
    expect(svg).to.include("prefers-color-scheme: dark").and.to.include("a &lt;fast> one");
  });

  it("shows three digits that count", () => {
    expect([0, -1e-16, 0.01234, 1.005, 12.345, 123.45, 12345.6, -0.5].map(digits)).to.deep.equal([
      "0",
      "0",
      "0.012",
      "1.00",
      "12.3",
      "123",
      "12,346",
      "-0.500",
    ]);
    expect(spreadOf([4, 1, 3, 2])).to.deep.equal({ median: 2.5, min: 1, max: 4, rounds: 4 });
  });
});

describe("What is published of it", () => {
  const folder = join(REPOSITORY, "docs/bench");

  it("is made from the samples that are kept, in the report and in the README, with command, versions and date", async () => {
    const results = await readResults(folder);
    expect(Object.keys(results)).to.include.members(["fanout-steady", "fanout-burst", "acks", "send-stored"]);
    expect(await readFile(join(folder, "results.md"), "utf8")).to.equal(markdown(results));
    expect(await readFile(join(folder, "fanout.svg"), "utf8")).to.equal(picture(results));
    const readme = await readFile(README, "utf8");
    expect(insert(readme, { figures: figures(results) })).to.equal(readme);
    for (const { command, date, environment } of Object.values(results)) {
      expect(command).to.match(/^npm run bench/);
      expect(date).to.match(/^\d{4}-\d{2}-\d{2}T/);
      expect(environment.versions).to.include.keys("socket.io", "engine.io", "ws");
    }
  });
});
