import { expect } from "chai";
import { CarillonError } from "../../src/protocol/errors.ts";
import { within } from "../../src/deadline.ts";
import { fakeClock } from "../kit/clock.ts";

const outcomeOf = (work: Promise<unknown>) => work.catch((thrown: unknown) => thrown);

const never = () => new Promise<never>(() => {});

describe("within", () => {
  it("hands on what the work returns, at once or later, and calls its timer off", async () => {
    const clock = fakeClock();
    expect(await within(clock, 1000, () => "at once")).to.equal("at once");
    expect(await within(clock, 1000, async () => "later")).to.equal("later");
    expect(clock.pending).to.equal(0);
  });

  it("hands on what the work throws, at once or later, and calls its timer off", async () => {
    const clock = fakeClock();
    const failure = new Error("no");
    const thrower = () => {
      throw failure;
    };
    expect(await outcomeOf(within(clock, 1000, thrower))).to.equal(failure);
    expect(await outcomeOf(within(clock, 1000, () => Promise.reject(failure)))).to.equal(failure);
    expect(clock.pending).to.equal(0);
  });

  it("refuses at the deadline, with the code that it was given", async () => {
    const clock = fakeClock();
    const outcomes = [outcomeOf(within(clock, 1000, never)), outcomeOf(within(clock, 1000, never, "unavailable"))];
    await clock.advance(1000);
    const [first, second] = await Promise.all(outcomes);
    expect(first).to.be.instanceOf(CarillonError).with.property("code", "timeout");
    expect(second).to.be.instanceOf(CarillonError).with.property("code", "unavailable");
  });

  it("hands what comes after the deadline to whoever wants it then", async () => {
    const clock = fakeClock();
    const late: string[] = [];
    const work = () => new Promise<string>((resolve) => void clock.after(2000, () => resolve("done")));
    const outcome = outcomeOf(within(clock, 1000, work, "timeout", (value) => late.push(value)));
    await clock.advance(1000);
    expect(await outcome).to.have.property("code", "timeout");
    expect(late).to.deep.equal([]);
    await clock.advance(1000);
    expect(late).to.deep.equal(["done"]);
  });

  it("swallows what comes after the deadline", async () => {
    const clock = fakeClock();
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
    try {
      const lateWork = () => new Promise<never>((_, reject) => clock.after(2000, () => reject(new Error("too late"))));
      const outcome = outcomeOf(within(clock, 1000, lateWork));
      await clock.advance(2000);
      expect(await outcome).to.have.property("code", "timeout");
      expect(unhandled).to.deep.equal([]);
    } finally {
      process.off("unhandledRejection", note);
      for (const listener of others) process.on("unhandledRejection", listener);
    }
  });
});
