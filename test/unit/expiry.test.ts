import { expect } from "chai";
import { Expiry } from "../../src/runtime/expiry.ts";
import { fakeClock } from "../kit/clock.ts";

function start() {
  const clock = fakeClock();
  const expiry = new Expiry(clock);
  const ended: string[] = [];
  const add = (name: string, inMs: number) => {
    const expiring = { endsAt: clock.now() + inMs, expire: () => void ended.push(name) };
    expiry.watch(expiring);
    return expiring;
  };
  return { clock, expiry, ended, add };
}

describe("what runs out", () => {
  it("ends on the first whole second at which its time is over, each once, with one timer for all", async () => {
    const { clock, ended, add } = start();
    add("late", 5_000);
    add("early", 1_500);
    add("both", 2_000);
    expect(clock.pending).to.equal(1);
    await clock.advance(1_999);
    expect(ended).to.deep.equal([]);
    await clock.advance(1);
    expect(ended).to.deep.equal(["early", "both"]);
    expect(clock.pending).to.equal(1);
    await clock.advance(3_000);
    expect(ended).to.deep.equal(["early", "both", "late"]);
    expect(clock.pending).to.equal(0);
  });

  it("ends at another time when that has changed, sooner or later", async () => {
    const { clock, expiry, ended, add } = start();
    const sooner = add("sooner", 10_000);
    const later = add("later", 2_000);
    sooner.endsAt = clock.now() + 1_000;
    expiry.watch(sooner);
    later.endsAt = clock.now() + 4_000;
    expiry.watch(later);
    await clock.advance(1_000);
    expect(ended).to.deep.equal(["sooner"]);
    await clock.advance(2_999);
    expect(ended).to.deep.equal(["sooner"]);
    await clock.advance(1);
    expect(ended).to.deep.equal(["sooner", "later"]);
  });

  it("does not end once it is forgotten, and leaves no timer behind", async () => {
    const { clock, expiry, ended, add } = start();
    const first = add("first", 1_000);
    const second = add("second", 2_000);
    expiry.forget(first);
    await clock.advance(1_500);
    expiry.forget(second);
    expect(clock.pending).to.equal(0);
    await clock.advance(5_000);
    expect(ended).to.deep.equal([]);
    add("third", 500);
    await clock.advance(500);
    expect(ended).to.deep.equal(["third"]);
  });

  it("ends all the same when another one is forgotten meanwhile", async () => {
    const { clock, expiry, ended, add } = start();
    const second = { endsAt: clock.now() + 1_000, expire: () => void ended.push("second") };
    expiry.watch({ endsAt: clock.now() + 1_000, expire: () => expiry.forget(second) });
    expiry.watch(second);
    add("third", 1_000);
    await clock.advance(1_000);
    expect(ended).to.deep.equal(["third"]);
  });
});
