import { expect } from "chai";
import { Patrol } from "../../src/log/patrol.ts";
import { fakeClock } from "../kit/clock.ts";
import { turns } from "../kit/wait.ts";

describe("a patrol", () => {
  it("asks everybody once a minute, spread over it", async () => {
    const clock = fakeClock();
    const patrol = new Patrol(clock, () => true);
    const looks = Array.from({ length: 120 }, () => 0);
    looks.forEach((_, index) => patrol.add(() => void (looks[index] = (looks[index] ?? 0) + 1)));
    for (let second = 1; second <= 60; second++) {
      await clock.advance(1000);
      expect(looks.reduce((sum, count) => sum + count)).to.equal(2 * second);
    }
    expect(looks.every((count) => count === 1)).to.equal(true);
    patrol.close();
    expect(clock.pending).to.equal(0);
  });

  it("asks nobody by the minute while it is not worthwhile", async () => {
    const clock = fakeClock();
    let looks = 0;
    const patrol = new Patrol(clock, () => false);
    patrol.add(() => void looks++);
    await clock.advance(120_000);
    expect(looks).to.equal(0);
    patrol.close();
  });

  it("makes all look, and only so many at a time, each once however often it is said", async () => {
    const patrol = new Patrol(fakeClock(), () => true);
    const state = { looking: 0, most: 0, done: 0 };
    for (let count = 0; count < 500; count++) {
      patrol.add(async () => {
        state.most = Math.max(state.most, ++state.looking);
        await turns(1);
        state.looking--;
        state.done++;
      });
    }
    patrol.all();
    const under = state.looking;
    patrol.all();
    await turns(100);
    expect(under).to.equal(state.most);
    expect(state.most).to.be.within(2, 64);
    // Those that had begun look again: something may have been missed since.
    expect(state.done).to.equal(500 + under);
    patrol.close();
  });

  it("asks nobody who has gone, or once it is closed", async () => {
    const patrol = new Patrol(fakeClock(), () => true);
    const looks: string[] = [];
    const leave = patrol.add(() => void looks.push("gone"));
    patrol.add(() => void looks.push("there"));
    leave();
    patrol.all();
    await turns();
    patrol.close();
    patrol.all();
    await turns();
    expect(looks).to.deep.equal(["there"]);
  });
});
