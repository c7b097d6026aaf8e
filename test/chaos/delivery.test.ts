import { expect } from "chai";
import { FAULTS } from "./faults.ts";
import { checkDelivery } from "./run.ts";

/** Of the first minute, each fault's turn takes most. */
const RUN = { minutes: 0.75, seed: 42, perSec: 60 };

describe("delivery over three workers and a Redis", () => {
  it("is ordered, gap-free and without doubles, and tells what was lost, while all kinds of faults are struck", async function () {
    this.timeout(240_000);
    const { faults, verdict, failures, ...report } = await checkDelivery(RUN);
    expect({ failures, violations: verdict.violations.slice(0, 10) }).to.deep.equal({ failures: [], violations: [] });
    for (const { name } of FAULTS) expect(faults.get(name), name).to.be.greaterThan(0);
    // Otherwise it was too quiet to show anything.
    expect(report.acknowledged).to.be.greaterThan(1_000);
    expect(report.heard).to.be.greaterThan(report.acknowledged);
    for (const count of [report.duplicates, report.reconnects, verdict.lost, verdict.epochs])
      expect(count).to.be.greaterThan(0);
  });
});
