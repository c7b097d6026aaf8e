import { expect } from "chai";
import { createRing } from "../../src/namespaces/monitor/ring.ts";
import type { Sample } from "../../src/namespaces/monitor/sample.ts";

const START = Date.UTC(2025, 0, 1);

function sampleAt(second: number): Sample {
  return {
    host: "bell",
    at: START + second * 1000,
    cpu: { percent: 0, load1: 0, cores: 1 },
    memory: { totalBytes: 1, usedBytes: 0, usedPercent: 0, scope: "host" },
    workers: [],
  };
}

const secondsOf = (samples: readonly Sample[]) => samples.map(({ at }) => (at - START) / 1000);

describe("the ring of samples", () => {
  it("keeps the last 300 samples, oldest first", () => {
    const ring = createRing();
    for (let second = 1; second <= 310; second++) ring.push(sampleAt(second));

    const seconds = secondsOf(ring.recent(START + 310_000));

    expect(seconds).to.have.length(300);
    expect(seconds[0]).to.equal(11);
    expect(seconds.at(-1)).to.equal(310);
  });

  it("drops what is older than 300 s, however few samples there are", () => {
    const ring = createRing();
    for (const second of [0, 1, 200]) ring.push(sampleAt(second));

    expect(secondsOf(ring.recent(START + 300_000))).to.deep.equal([0, 1, 200]);
    expect(secondsOf(ring.recent(START + 300_500))).to.deep.equal([1, 200]);
    expect(secondsOf(ring.recent(START + 600_000))).to.deep.equal([]);
  });

  it("leaves gaps as gaps", () => {
    const ring = createRing();
    for (const second of [1, 2, 5, 6]) ring.push(sampleAt(second));

    expect(secondsOf(ring.recent(START + 7000))).to.deep.equal([1, 2, 5, 6]);
  });

  it("tells what came after a place in it", () => {
    const ring = createRing();
    expect(ring.since(ring.count)).to.deep.equal([]);
    ring.push(sampleAt(1));
    const place = ring.count;
    ring.push(sampleAt(2));
    ring.push(sampleAt(3));

    expect(secondsOf(ring.since(place))).to.deep.equal([2, 3]);
    expect(secondsOf(ring.since(0))).to.deep.equal([1, 2, 3]);
    expect(ring.since(ring.count)).to.deep.equal([]);
  });

  it("counts on when old samples fall out", () => {
    const ring = createRing();
    for (let second = 1; second <= 400; second++) ring.push(sampleAt(second));
    const place = ring.count;
    ring.recent(START + 9_000_000);
    ring.push(sampleAt(9000));

    expect(place).to.equal(400);
    expect(secondsOf(ring.since(place))).to.deep.equal([9000]);
  });

  it("hands out a list of its own each time", () => {
    const ring = createRing();
    ring.push(sampleAt(1));
    ring.recent(START).pop();

    expect(secondsOf(ring.recent(START))).to.deep.equal([1]);
  });
});
