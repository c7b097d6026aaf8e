import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { silent } from "../../src/logger.ts";
import { holdLease, type Lease, type LeaseOptions } from "../../src/redis/lease.ts";
import type { RedisLink } from "../../src/redis/link.ts";
import { opened } from "../kit/leaks.ts";
import { openLink } from "../kit/link.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";

const TTL_MS = 400;
const RENEW_MS = 100;

const newPrefix = () => `test-${randomBytes(6).toString("hex")}`;

describe("a lease", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis()));
  after(() => server[Symbol.asyncDispose]());

  /** A worker that tries for the lease, and how often it gained and lost it. */
  class Candidate implements AsyncDisposable {
    readonly link: RedisLink;
    readonly lease: Lease;
    gained = 0;
    lost = 0;
    readonly #released = opened(this, "a candidate for a lease");

    constructor(prefix: string, holder: string, changed: Partial<LeaseOptions> = {}) {
      this.link = openLink(server.url, prefix);
      this.lease = holdLease({
        link: this.link,
        clock: systemClock,
        logger: silent,
        key: this.link.keys("thing")("lease", "thing"),
        holder,
        ttlMs: TTL_MS,
        renewMs: RENEW_MS,
        gained: () => void this.gained++,
        lost: () => void this.lost++,
        ...changed,
      });
    }

    async [Symbol.asyncDispose](): Promise<void> {
      await this.lease.close();
      this.link.close();
      this.#released();
    }
  }

  const holders = (candidates: readonly Candidate[]) => candidates.filter(({ lease }) => lease.held);

  it("has one holder, for as long as that one lives", async () => {
    const prefix = newPrefix();
    await using ann = new Candidate(prefix, "ann");
    await using bob = new Candidate(prefix, "bob");
    await using cat = new Candidate(prefix, "cat");
    const all = [ann, bob, cat];
    const [first] = await eventually(() => holders(all).length === 1 && holders(all));
    const until = performance.now() + 3 * TTL_MS;
    await eventually(() => {
      expect(holders(all)).to.deep.equal([first]);
      return performance.now() > until;
    });
    expect(all.map(({ gained }) => gained)).to.have.members([0, 0, 1]);
    expect(all.map(({ lost }) => lost)).to.deep.equal([0, 0, 0]);
  });

  it("moves at once when it is given back, and does not tell the one who gave it that it was lost", async () => {
    const prefix = newPrefix();
    const rarely = { ttlMs: 60_000, renewMs: 2_000 };
    await using ann = new Candidate(prefix, "ann", rarely);
    await using bob = new Candidate(prefix, "bob", rarely);
    await eventually(() => holders([ann, bob]).length === 1);
    const [before, after] = ann.lease.held ? [ann, bob] : [bob, ann];
    await eventually(() => after.link.subscriptions.size > 1);
    const givenAt = performance.now();
    await before.lease.close();
    await eventually(() => after.lease.held);
    expect(performance.now() - givenAt).to.be.below(500);
    expect(before.lost).to.equal(0);
    expect(before.lease.held).to.equal(false);
  });

  it("moves when its holder is gone without a word, and only once it has run out for the holder too", async () => {
    const prefix = newPrefix();
    await using ann = new Candidate(prefix, "ann");
    await eventually(() => ann.lease.held);
    await using bob = new Candidate(prefix, "bob");
    await bob.link.ready;
    const gone = performance.now();
    ann.link.close();
    await eventually(() => {
      expect(holders([ann, bob])).to.have.length.at.most(1);
      return bob.lease.held;
    });
    expect(performance.now() - gone).to.be.below(TTL_MS + 5 * RENEW_MS);
    expect(ann.lost).to.equal(1);
  });

  it("is over for a holder that wakes late, before it does anything else, and no script takes its token", async () => {
    const prefix = newPrefix();
    let sleptMs = 0;
    await using ann = new Candidate(prefix, "ann", { monotonic: () => performance.now() + sleptMs });
    await eventually(() => ann.lease.held);
    const token = ann.lease.token;
    // It has slept, and nothing has run yet: neither a timer nor an answer.
    sleptMs = TTL_MS;
    expect(ann.lease.held).to.equal(false);
    expect(ann.lost).to.equal(1);
    expect(ann.lease.token).to.equal(undefined);
    // It is still the holder for Redis, so it need not wait for itself; with another token.
    await eventually(() => ann.lease.held);
    expect(ann.lease.token).to.not.equal(token);
    expect(Number(ann.lease.token?.split(" ")[0])).to.be.above(Number(token?.split(" ")[0]));
    expect(await server.admin.get(ann.lease.key)).to.equal(ann.lease.token);
  });

  it("runs out for its holder while Redis is stalled, and has one holder again afterwards", async () => {
    const prefix = newPrefix();
    await using ann = new Candidate(prefix, "ann");
    await using bob = new Candidate(prefix, "bob");
    const all = [ann, bob];
    const [first] = await eventually(() => holders(all).length === 1 && holders(all));
    server.stall();
    await eventually(() => first?.lost === 1);
    expect(holders(all)).to.deep.equal([]);
    server.wake();
    await eventually(() => holders(all).length === 1, 10_000);
  });

  it("is renewed while Redis takes no more writes, because memory is out", async () => {
    await using ann = new Candidate(newPrefix(), "ann");
    await eventually(() => ann.lease.held);
    await server.admin.config("SET", "maxmemory", "1");
    try {
      const until = performance.now() + 3 * TTL_MS;
      await eventually(() => {
        expect(ann.lease.held).to.equal(true);
        return performance.now() > until;
      });
      expect(ann.lost).to.equal(0);
    } finally {
      await server.admin.config("SET", "maxmemory", "0");
    }
  });

  it("is lost when Redis has lost it, told to its holder, and gained again", async () => {
    await using ann = new Candidate(newPrefix(), "ann");
    await eventually(() => ann.lease.held);
    const token = ann.lease.token;
    await server.admin.flushall();
    await eventually(() => ann.gained === 2);
    expect(ann.lost).to.equal(1);
    expect(ann.lease.token).to.not.equal(token);
  });

  it("that is closed while it is being tried for is held by nobody", async () => {
    await using ann = new Candidate(newPrefix(), "ann");
    await ann.link.ready;
    let gained = 0;
    const { key } = ann.lease;
    await ann.lease.close();
    const options = { link: ann.link, clock: systemClock, logger: silent, key, ttlMs: TTL_MS, renewMs: RENEW_MS };
    await holdLease({ ...options, holder: "bob", gained: () => void gained++, lost() {} }).close();
    expect(gained).to.equal(0);
    expect(await server.admin.exists(key)).to.equal(0);
  });
});
