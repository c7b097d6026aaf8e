import { expect } from "chai";
import { systemClock as clock } from "../../src/clock.ts";
import { parseAddress } from "../../src/redis/clients.ts";
import { checkRequirements } from "../../src/redis/requirements.ts";
import { Requirements } from "../../src/redis/requirements-watch.ts";
import { openLink } from "../kit/link.ts";
import { keepLogs } from "../kit/logs.ts";
import { freePort } from "../kit/port.ts";
import { Proxy } from "../kit/proxy.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";

const check = (url: string) => checkRequirements({ address: parseAddress(url), prefix: "test", clock });

/** Findings as `level name`, without what every server of these tests is told. */
async function found(url: string): Promise<string[]> {
  const findings = await check(url);
  return findings.map(({ level, name }) => `${level} ${name}`).filter((finding) => finding !== "warn persistence");
}

/** A proxy before it, whose Redis says that it is older. It is a real one otherwise. */
const startOlder = ({ port }: RedisServer, isOld: () => boolean = () => true) =>
  Proxy.start({
    target: () => port,
    tamper: {
      down: () => (chunk) =>
        isOld() ? Buffer.from(chunk.toString("latin1").replace(/(redis_version:)\d/, "$16"), "latin1") : chunk,
    },
  });

describe("what Redis has to be like", () => {
  let redis: RedisServer;
  before(async () => (redis = await startRedis()));
  after(() => redis[Symbol.asyncDispose]());
  afterEach(async () => {
    await redis.admin.config("SET", "maxmemory-policy", "noeviction", "appendonly", "no", "appendfsync", "always");
    await redis.admin.call("ACL", "DELUSER", "ann");
  });

  const withUser = async (...rights: string[]) => {
    await redis.admin.call("ACL", "SETUSER", "ann", "reset", "on", ">secret", ...rights);
    return found(`redis://ann:secret@127.0.0.1:${redis.port}`);
  };

  it("is said of nothing where all is well", async () => {
    await redis.admin.config("SET", "appendonly", "yes", "appendfsync", "always");
    expect(await check(redis.url)).to.deep.equal([]);
  });

  it("leaves no key behind, but for one that ends by itself", async () => {
    await check(redis.url);
    for (const key of await redis.admin.keys("*")) expect(await redis.admin.pttl(key)).to.be.within(0, 10_000);
  });

  it("is 7.0 or newer: an older one is refused by name", async () => {
    await using proxy = await startOlder(redis);
    expect(await found(`redis://127.0.0.1:${proxy.port}`)).to.deep.equal(["refuse redis-version"]);
    const [finding] = await check(`redis://127.0.0.1:${proxy.port}`);
    expect(finding?.message).to.match(/^Redis 6\.0\.\d+ is too old/);
  });

  it("drops nothing when memory is short: another policy is warned of by name", async () => {
    for (const policy of ["allkeys-lru", "volatile-ttl"]) {
      await redis.admin.config("SET", "maxmemory-policy", policy);
      expect(await found(redis.url)).to.deep.equal(["warn eviction"]);
      expect((await check(redis.url))[0]?.message).to.include(policy);
    }
  });

  it("keeps what it was given: less than always is said", async () => {
    expect((await check(redis.url)).map(({ level, name }) => [level, name])).to.deep.equal([["warn", "persistence"]]);
    await redis.admin.config("SET", "appendonly", "yes", "appendfsync", "everysec");
    expect(await found(redis.url)).to.deep.equal(["info persistence"]);
  });

  it("is what its URL says: a node of a Cluster, a server that is none, a replica", async () => {
    expect(await found(`redis+cluster://127.0.0.1:${redis.port}`)).to.deep.equal(["refuse cluster-mode"]);
    await using node = await startRedis({ "cluster-enabled": "yes", "cluster-port": String(await freePort()) });
    expect(await found(node.url)).to.deep.equal(["refuse cluster-mode"]);
    expect(await found(`redis+cluster://127.0.0.1:${node.port},127.0.0.1:${node.port}`)).to.deep.equal([]);
    await using replica = await startRedis({ replicaof: `127.0.0.1 ${redis.port}` });
    expect(await found(replica.url)).to.deep.equal(["refuse replica"]);
  });

  it("lets us in: refused credentials are named, and the password is not", async () => {
    await redis.admin.call("ACL", "SETUSER", "ann", "on", ">secret", "~*", "&*", "+@all");
    const findings = await check(`redis://ann:wrong-password@127.0.0.1:${redis.port}`);
    expect(findings.map(({ level, name }) => `${level} ${name}`)).to.deep.equal(["refuse credentials"]);
    expect(findings[0]?.message).to.include("WRONGPASS").and.not.include("wrong-password");
    await using locked = await startRedis();
    await locked.admin.config("SET", "requirepass", "secret");
    expect(await found(locked.url)).to.deep.equal(["refuse credentials"]);
  });

  it("gives us rights on our keys, channels and commands: those that lack are named", async () => {
    expect(await withUser("~test:*", "&test:*", "&notifications:*", "+@all")).to.deep.equal([]);
    expect(await withUser("~test:*", "&test:*", "+@all")).to.deep.equal(["warn missing-rights"]);
    expect(await withUser("~test:*", "&*", "+@all", "-eval")).to.deep.equal(["refuse missing-rights"]);
    expect(await withUser("~other:*", "&*", "+@all")).to.deep.equal(["refuse missing-rights"]);
    expect(await withUser("~test:*", "&other:*", "+@all")).to.include("refuse missing-rights");
    await withUser("~test:*", "&other:*", "+@all", "-xadd");
    const findings = await check(`redis://ann:secret@127.0.0.1:${redis.port}`);
    expect(findings.map(({ message }) => message).join()).to.include("xadd, spublish, ssubscribe");
  });

  it("may forbid CONFIG and INFO: then it is said what could not be checked", async () => {
    await redis.admin.config("SET", "appendonly", "yes");
    expect(await withUser("~*", "&*", "+@all", "-config")).to.deep.equal(["warn unchecked"]);
    expect(await withUser("~*", "&*", "+@all", "-info")).to.deep.equal(["warn unchecked"]);
  });

  it("is asked until it is so, and told by name once; and again when it may be another one", async () => {
    let isOld = true;
    await using proxy = await startOlder(redis, () => isOld);
    const { logger, lines } = keepLogs();
    const link = openLink(`redis://127.0.0.1:${proxy.port}`, "test", { logger });
    const requirements = new Requirements({ link, clock, logger });
    try {
      const told = (name: string) => lines.filter(({ fields }) => fields["requirement"] === name);
      await eventually(() => told("redis-version").length === 1);
      await link.ready;
      expect(requirements.isMet()).to.equal(false);
      isOld = false;
      await requirements.met;
      expect(requirements.isMet()).to.equal(true);
      expect(told("redis-version").map(({ level }) => level)).to.deep.equal(["error"]);
      await redis.admin.config("SET", "maxmemory-policy", "allkeys-lru");
      await redis.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
      await eventually(() => told("eviction").length === 1);
      expect(requirements.isMet()).to.equal(true);
    } finally {
      requirements.close();
      link.close();
    }
  });

  it("is not known while it is out", async () => {
    const { code } = await refusalOf(check(`redis://127.0.0.1:${await freePort()}`));
    expect(code).to.equal("unavailable");
  });
});
