import { expect } from "chai";
import { createBucket, createBuckets } from "../../src/limits/bucket.ts";
import { fakeClock } from "../kit/clock.ts";
import { heapBytes } from "../kit/heap.ts";
import { seededRandom } from "../kit/random.ts";

describe("a token bucket", () => {
  it("gives a burst at once, then says how long until the next", () => {
    const bucket = createBucket({ perSec: 10, burst: 5 }, fakeClock());
    expect(Array.from({ length: 7 }, () => bucket.take())).to.deep.equal([0, 0, 0, 0, 0, 100, 100]);
  });

  it("gives one more for each that has come back, and no more than it says", async () => {
    const clock = fakeClock();
    const bucket = createBucket({ perSec: 10, burst: 5 }, clock);
    while (bucket.take() === 0);
    await clock.advance(99);
    expect(bucket.take()).to.equal(1);
    await clock.advance(1);
    expect([bucket.take(), bucket.take()]).to.deep.equal([0, 100]);
    await clock.advance(250);
    expect([bucket.take(), bucket.take(), bucket.take()]).to.deep.equal([0, 0, 50]);
  });

  it("saves up no more than a burst", async () => {
    const clock = fakeClock();
    const bucket = createBucket({ perSec: 10, burst: 5 }, clock);
    await clock.advance(3_600_000);
    let taken = 0;
    while (bucket.take() === 0) taken++;
    expect(taken).to.equal(5);
  });

  it("gives one to whoever has waited as long as it said, at any rate (500 seeds)", async () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = seededRandom(seed);
      const clock = fakeClock();
      const rate = { perSec: 1 + random.below(1_000), burst: 1 + random.below(20) };
      const bucket = createBucket(rate, clock);
      const startedAt = clock.now();
      let taken = 0;
      for (let times = 0; times < 40; times++) {
        const waitMs = bucket.take();
        taken++;
        if (waitMs > 0) {
          await clock.advance(waitMs);
          expect(bucket.take(), `seed ${seed}`).to.equal(0);
        }
        if (random.percent(30)) await clock.advance(random.below(50));
      }
      const allowed = rate.burst + ((clock.now() - startedAt) * rate.perSec) / 1000;
      expect(taken, `seed ${seed}`).to.be.at.most(allowed + 1e-6);
    }
  });

  it("goes on at its rate when the clock is turned back", async () => {
    const clock = fakeClock();
    const bucket = createBucket({ perSec: 10, burst: 5 }, clock);
    while (bucket.take() === 0);
    await clock.advance(-3_600_000);
    expect(bucket.take()).to.equal(100);
    await clock.advance(100);
    expect([bucket.take(), bucket.take()]).to.deep.equal([0, 100]);
  });

  it("has no limit at a rate of 0", () => {
    const bucket = createBucket({ perSec: 0, burst: 1 }, fakeClock());
    for (let times = 0; times < 1_000; times++) expect(bucket.take()).to.equal(0);
    expect(bucket.full).to.equal(true);
  });

  it("is full again once all has come back", async () => {
    const clock = fakeClock();
    const bucket = createBucket({ perSec: 10, burst: 5 }, clock);
    expect(bucket.full).to.equal(true);
    bucket.take();
    expect(bucket.full).to.equal(false);
    await clock.advance(99);
    expect(bucket.full).to.equal(false);
    await clock.advance(1);
    expect(bucket.full).to.equal(true);
  });
});

describe("buckets by key", () => {
  it("are one for each key, whatever it is", () => {
    const bucketOf = createBuckets({ perSec: 1, burst: 1 }, fakeClock());
    const keys = ["10.0.0.1", "10.0.0.2", "::1", "__proto__", "constructor", ""];
    for (const key of keys) expect(bucketOf(key).take()).to.equal(0);
    for (const key of keys) expect(bucketOf(key).take()).to.be.above(0);
  });

  it("are forgotten when they are as good as new, and never before", async () => {
    const clock = fakeClock();
    const bucketOf = createBuckets({ perSec: 1, burst: 2 }, clock);
    const before = heapBytes();
    bucketOf("patient").take();
    for (let round = 0; round < 20; round++) {
      while (bucketOf("greedy").take() === 0);
      for (let n = 0; n < 10_000; n++) bucketOf(`${round}-${n}`).take();
      expect(bucketOf("greedy").take()).to.be.above(0);
      await clock.advance(1_000);
    }
    expect(heapBytes() - before).to.be.below(12 * 1024 * 1024);
    expect([bucketOf("patient").take(), bucketOf("patient").take()]).to.deep.equal([0, 0]);
  });
});
