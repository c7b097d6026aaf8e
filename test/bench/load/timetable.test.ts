import { expect } from "chai";
import { nowUs } from "./clock.ts";
import { keepTimetable } from "./timetable.ts";

describe("a timetable", () => {
  for (const perSec of [40, 1000])
    it(`has each of its turns once, none before it is due, and a late one moves no other (${perSec}/s)`, async () => {
      const count = perSec / 10;
      const dues: number[] = [];
      await keepTimetable({ count, perSec }, (index, dueUs) => {
        expect(index).to.equal(dues.length);
        expect(nowUs()).to.be.at.least(dueUs);
        dues.push(dueUs);
        // So long a turn makes those after it late.
        const busyUntilUs = index === 1 ? nowUs() + 30_000 : 0;
        while (nowUs() < busyUntilUs);
      });
      const [first = 0] = dues;
      expect(dues.map((due) => Math.round(due - first))).to.deep.equal(
        Array.from({ length: count }, (_, index) => Math.round((index * 1e6) / perSec)),
      );
      expect(nowUs() - first).to.be.at.least(100_000);
    });

  it("rejects with what a turn throws", async () => {
    const failed = keepTimetable({ count: 3, perSec: 1000 }, () => {
      throw new Error("no turn");
    });
    expect(await failed.catch(String)).to.equal("Error: no turn");
  });
});
