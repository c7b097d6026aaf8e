import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";

describe("fakeClock", () => {
  it("stands still until it is advanced", async () => {
    const clock = fakeClock(1000);
    expect(clock.now()).to.equal(1000);
    await clock.advance(500);
    expect(clock.now()).to.equal(1500);
  });

  it("runs due timers in order, each at its own time, those of one instant as they were set", async () => {
    const clock = fakeClock(0);
    const ran: string[] = [];
    const note = (name: string) => () => ran.push(`${name} at ${clock.now()}`);
    clock.after(30, note("late"));
    clock.after(10, note("first"));
    clock.after(10, note("second"));
    clock.after(31, note("never"));
    clock.after(-5, note("at once"));
    await clock.advance(30);
    expect(ran).to.deep.equal(["at once at 0", "first at 10", "second at 10", "late at 30"]);
    expect(clock.now()).to.equal(30);
    expect(clock.pending).to.equal(1);
  });

  it("runs timers that timers set, also by way of promises, where they are due", async () => {
    const clock = fakeClock(0);
    const ticks: number[] = [];
    const tick = async () => {
      await Promise.resolve();
      ticks.push(clock.now());
      clock.after(10, () => void tick());
    };
    clock.after(10, () => void tick());
    await clock.advance(35);
    expect(ticks).to.deep.equal([10, 20, 30]);
  });

  it("runs none that was called off, also by another timer of the same instant", async () => {
    const clock = fakeClock();
    let ran = 0;
    clock.after(10, () => cancel());
    const cancel = clock.after(10, () => (ran += 1));
    await clock.advance(20);
    cancel();
    expect([ran, clock.pending]).to.deep.equal([0, 0]);
  });

  it("rejects with what a timer throws", async () => {
    const clock = fakeClock();
    clock.after(1, () => {
      throw new Error("in a timer");
    });
    const outcome: unknown = await clock.advance(1).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(Error).with.property("message", "in a timer");
  });
});
