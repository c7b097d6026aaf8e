import { expect } from "chai";
import { clock } from "../../client/clock.ts";
import { RequestError } from "../../client/failure.ts";
import { createTokens } from "../../client/token.ts";
import { CarillonError, type ErrorCode } from "../../src/protocol/errors.ts";
import { takeTime, useTime } from "./time.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const refusal = (code: ErrorCode, retryAfterMs?: number) =>
  new RequestError(new CarillonError(code, retryAfterMs === undefined ? {} : { retryAfterMs }).failure);

/** A source that counts how often it is asked: `token-1`, `token-2`, and so on. */
function counting() {
  let asked = 0;
  return Object.assign(async () => `token-${++asked}`, { asked: () => asked });
}

/** Watches over a token of this life, as the server sees it. @returns what it was replaced by */
function watch(leftMs: number, source = counting(), serverNow = clock.now()) {
  const tokens = createTokens(source);
  const replaced: string[] = [];
  tokens.until(serverNow + leftMs, serverNow, async (token) => {
    replaced.push(token);
    return true;
  });
  return { tokens, replaced };
}

/** A namespace that is not connected. */
const gone = async () => false;

describe("the end of a token", () => {
  const time = useTime();
  const pass = (ms: number) => time.clock.advance(ms);

  for (const [life, leftMs, dueMs] of [
    ["a minute before the end of an hour", 60 * MINUTE_MS, 59 * MINUTE_MS],
    ["a minute before the end of two", 2 * MINUTE_MS, MINUTE_MS],
    ["in the middle of 90 s", 90_000, 45_000],
    ["in the middle of 4 s", 4_000, 2_000],
    ["not sooner than after a second where it has 100 ms", 100, 1_000],
    ["not sooner than after a second where it has run out", -5_000, 1_000],
  ] as const) {
    it(`is met ${life}`, async () => {
      const { replaced } = watch(leftMs);
      await pass(dueMs - 1);
      expect(replaced).to.deep.equal([]);
      await pass(1);
      expect(replaced).to.deep.equal(["token-1"]);
    });
  }

  it("is reckoned by the server's clock, however wrong ours is", async () => {
    const { replaced } = watch(4_000, counting(), clock.now() + 365 * DAY_MS);
    await pass(1_999);
    expect(replaced).to.deep.equal([]);
    await pass(1);
    expect(replaced).to.have.lengthOf(1);
  });

  it("may be further away than setTimeout reaches (24.8 days)", async () => {
    const { replaced } = watch(60 * DAY_MS);
    await pass(60 * DAY_MS - MINUTE_MS - 1);
    expect(replaced).to.deep.equal([]);
    await pass(1);
    expect(replaced).to.have.lengthOf(1);
  });

  it("is met though the source fails meanwhile: it is asked again, at growing distances", async () => {
    const askedAt: number[] = [];
    const startedAt = clock.now();
    const source = async () => {
      askedAt.push(clock.now() - startedAt);
      if (askedAt.length < 4) throw new Error("the source is out");
      return "at last";
    };
    const { replaced } = watch(40_000, Object.assign(source, { asked: () => askedAt.length }));
    await pass(40_000);
    expect(replaced).to.deep.equal(["at last"]);
    const [first = 0, second = 0, third = 0, fourth = 0] = askedAt;
    expect(first).to.equal(20_000);
    expect(second - first).to.be.within(500, 1_500);
    expect(third - second).to.be.within(1_000, 3_000);
    expect(fourth - third).to.be.within(2_000, 6_000);
  });

  it("is met though the server does not take the first: another is asked for and tried", async () => {
    const tokens = createTokens(counting());
    const tried: string[] = [];
    tokens.until(clock.now() + 4_000, clock.now(), async (token) => {
      tried.push(token);
      if (tried.length < 3) throw refusal("unavailable");
      return true;
    });
    await pass(10_000);
    expect(tried).to.deep.equal(["token-1", "token-2", "token-3"]);
  });

  it("is met by whichever namespace is connected, and otherwise by the next connection", async () => {
    const source = counting();
    const tokens = createTokens(source);
    const told: string[] = [];
    const there = async (token: string) => told.push(token) > 0;
    tokens.until(clock.now() + 4_000, clock.now(), there);
    tokens.until(clock.now() + 4_000, clock.now(), gone);
    await pass(10_000);
    expect(told).to.deep.equal(["token-1"]);
    const alone = createTokens(source);
    alone.until(clock.now() + 4_000, clock.now(), gone);
    await pass(100_000);
    expect(source.asked()).to.equal(2);
    expect(await alone.current()).to.equal("token-2");
  });

  it("is not met twice by a token that was replaced, nor by one that was stopped", async () => {
    const source = counting();
    const { tokens, replaced } = watch(4_000, source);
    await pass(1_000);
    tokens.until(clock.now() + 10_000, clock.now(), async (token) => replaced.push(token) > 0);
    await pass(4_999);
    expect(replaced).to.deep.equal([]);
    tokens.stop();
    await pass(100_000);
    expect(source.asked()).to.equal(0);
  });

  it("does not hold up who connects meanwhile, though the source is out", async () => {
    let isOut = false;
    const source = async () => {
      if (isOut) throw new Error("the source is out");
      return "first";
    };
    const tokens = createTokens(source);
    expect(await tokens.current()).to.equal("first");
    isOut = true;
    tokens.until(clock.now() + 4_000, clock.now(), async () => true);
    await pass(2_500);
    // A reconnection in the middle of it begins the watch anew.
    expect(await tokens.current()).to.equal("first");
    tokens.until(clock.now() + 1_500, clock.now(), async () => true);
    tokens.spoil();
    const next = tokens.current();
    isOut = false;
    await pass(10_000);
    expect(await next).to.equal("first");
  });
});

describe("a source of tokens", () => {
  it("is asked once, however many want a token at once, and again when that is spoilt", async () => {
    const source = counting();
    const tokens = createTokens(source);
    const all = await Promise.all([tokens.current(), tokens.current(), tokens.current()]);
    expect(all).to.deep.equal(["token-1", "token-1", "token-1"]);
    expect(tokens.spoil("token-1")).to.equal(true);
    expect(await tokens.current()).to.equal("token-2");
    // Two more were refused with the old one, and say so late.
    tokens.spoil("token-1");
    expect(await tokens.current()).to.equal("token-2");
    expect(source.asked()).to.equal(2);
  });

  it("that says by a RequestError that asking is of no use is not asked again by itself", async () => {
    let asked = 0;
    const tokens = createTokens(() => {
      asked++;
      throw refusal("forbidden");
    });
    for (const round of [1, 2]) {
      const error: unknown = await tokens.current().catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(RequestError).with.property("code", "forbidden");
      expect(asked).to.equal(round);
    }
  });

  it("is asked again not before it wants it", async () => {
    using time = takeTime();
    let asked = 0;
    const tokens = createTokens(async () => {
      if (++asked === 1) throw refusal("rate_limited", 7_000);
      return "token";
    });
    const token = tokens.current();
    await time.advance(6_999);
    expect(asked).to.equal(1);
    await time.advance(1);
    expect(await token).to.equal("token");
  });

  it("is left alone once it is stopped, also where it fails after that", async () => {
    let fail!: (error: Error) => void;
    let asked = 0;
    const tokens = createTokens(() => {
      asked++;
      return new Promise<string>((_, reject) => (fail = reject));
    });
    const outcome = tokens.current().catch((error: unknown) => error);
    tokens.stop();
    fail(new Error("too late"));
    expect(await outcome).to.be.an("error");
    expect(asked).to.equal(1);
    expect(tokens.spoil()).to.equal(false);
  });

  it("that is a string is all there is", async () => {
    const tokens = createTokens("fixed");
    expect(await tokens.current()).to.equal("fixed");
    expect(tokens.spoil()).to.equal(false);
    expect(await tokens.current()).to.equal("fixed");
    expect(await createTokens(undefined).current()).to.equal(undefined);
  });
});
