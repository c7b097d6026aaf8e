import { expect } from "chai";
import { memoryThrottle } from "../../src/limits/throttle.ts";
import { fakeClock } from "../kit/clock.ts";

describe("a throttle in memory", () => {
  it("lets news of a key be told at once, and the next when its time is over", async () => {
    const clock = fakeClock();
    const throttle = memoryThrottle({ clock });
    expect(await throttle.take("lobby", 1, 1_000)).to.equal(0);
    await clock.advance(400);
    expect(await throttle.take("lobby", 2, 1_000)).to.equal(600);
    expect(await throttle.take("arena", 1, 1_000)).to.equal(0);
    await clock.advance(600);
    expect(await throttle.take("lobby", 2, 1_000)).to.equal(0);
    expect(await throttle.take("arena", 2, 1_000)).to.equal(400);
  });

  it("does not let older news be told after newer ones", async () => {
    const throttle = memoryThrottle({ clock: fakeClock() });
    await throttle.take("lobby", 2, 1_000);
    expect(await throttle.take("lobby", 1, 1_000)).to.equal(undefined);
  });

  it("keeps nothing waiting longer because the clock was set back", async () => {
    const clock = fakeClock();
    let setBackMs = 0;
    const throttle = memoryThrottle({ clock: { ...clock, now: () => clock.now() - setBackMs } });
    await throttle.take("lobby", 1, 1_000);
    setBackMs = 3_600_000;
    expect(await throttle.take("lobby", 2, 1_000)).to.equal(0);
  });
});
