import { expect } from "chai";
import { seededRandom } from "../../kit/random.ts";
import { LatencyHistogram } from "./histogram.ts";

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** Spread over all magnitudes from a microsecond to ten seconds. */
function latencies(seed: number, count: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => 10 ** (random.below(7_000) / 1000));
}

describe("a histogram of latencies", () => {
  it("gives each percentile within 1 % of the value that has this rank", () => {
    const values = latencies(1, 10_000);
    const histogram = histogramOf(values);
    const sorted = values.toSorted((a, b) => a - b);
    for (const p of [0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1] ?? 0;
      expect(histogram.at(p) / exact, `p${p}`).to.be.within(0.99, 1.01);
    }
    expect(histogram.max).to.equal(sorted.at(-1));
    expect(histogram.count).to.equal(values.length);
  });

  it("adds up to what one histogram of all values is", () => {
    const [some, others] = [latencies(2, 500), latencies(3, 900)];
    const sum = histogramOf(some);
    sum.add(histogramOf(others));
    expect(sum.state).to.deep.equal(histogramOf([...some, ...others]).state);
    expect(sum.count).to.equal(1_400);
  });

  it("stays the same on its way to another process", () => {
    const histogram = histogramOf(latencies(4, 500));
    const arrived = LatencyHistogram.from(structuredClone(histogram.state));
    expect([arrived.count, arrived.max, arrived.at(0.5)]).to.deep.equal([500, histogram.max, histogram.at(0.5)]);
  });

  it("takes what is below its first bucket and beyond its last one", () => {
    const histogram = histogramOf([0, -3, 5e9]);
    expect(histogram.count).to.equal(3);
    expect(histogram.at(0.5)).to.be.within(1, 1.02);
    expect(histogram.max).to.equal(5e9);
  });

  it("says 0 where nothing was recorded", () => {
    const histogram = new LatencyHistogram();
    expect([histogram.count, histogram.at(0.5), histogram.max]).to.deep.equal([0, 0, 0]);
  });
});
