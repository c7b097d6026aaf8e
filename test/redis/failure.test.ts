import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Redis } from "ioredis";
import { CarillonError } from "../../src/protocol/errors.ts";
import { nameOf, toRefusal } from "../../src/redis/failure.ts";
import { freePort } from "../kit/port.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { eventually } from "../kit/wait.ts";

/** A connection that does not wait until Redis is ready. */
function connectTo(
  { port }: RedisServer,
  options: { username?: string; password?: string; maxRetriesPerRequest?: number } = {},
): Redis {
  return new Redis({ port, protocol: 2, enableReadyCheck: false, retryStrategy: () => null, ...options }).on(
    "error",
    () => {},
  );
}

/** How a command failed, and what its caller is told. */
async function failureOf(work: Promise<unknown>): Promise<[name: string, code: string]> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(Error);
  const refusal = toRefusal(error);
  expect(refusal.cause).to.equal(error);
  return [nameOf(error), refusal.code];
}

const unavailable = (name: string) => [name, "unavailable"];

describe("a real Redis that refuses", () => {
  it("for want of memory: OOM, by a command and from within a script", async () => {
    await using redis = await startRedis({ maxmemory: "1" });
    expect(await failureOf(redis.admin.set("key", "1"))).to.deep.equal(unavailable("OOM"));
    const script = redis.admin.eval("return redis.call('SET', KEYS[1], 1)", 1, "key");
    expect(await failureOf(script)).to.deep.equal(unavailable("OOM"));
  });

  it("because it is a replica: READONLY, and MASTERDOWN where it does not know its master's state", async () => {
    await using redis = await startRedis({ replicaof: `127.0.0.1 ${await freePort()}` });
    expect(await failureOf(redis.admin.set("key", "1"))).to.deep.equal(unavailable("READONLY"));
    await redis.admin.config("SET", "replica-serve-stale-data", "no");
    expect(await failureOf(redis.admin.get("key"))).to.deep.equal(unavailable("MASTERDOWN"));
  });

  it("because it is still reading its file: LOADING", async () => {
    await using redis = await startRedis({ appendonly: "yes", "key-load-delay": "200" });
    await redis.admin.eval("for n = 1, 5000 do redis.call('SET', 'key' .. n, n) end", 0);
    await redis.kill();
    const started = redis.start();
    const failure = await eventually(async () => {
      const client = connectTo(redis);
      const found = await failureOf(client.get("key1")).finally(() => client.disconnect());
      return found[0] === "LOADING" && found;
    });
    expect(failure).to.deep.equal(unavailable("LOADING"));
    await started;
  });

  it("because it does not know the script: NOSCRIPT", async () => {
    await using redis = await startRedis();
    expect(await failureOf(redis.admin.evalsha("0".repeat(40), 0))).to.deep.equal(unavailable("NOSCRIPT"));
  });

  it("because it cannot write its file: MISCONF", async () => {
    await using redis = await startRedis({ save: "3600 1", dbfilename: "taken" });
    await mkdir(join(redis.folder, "taken"));
    await redis.admin.set("key", "1");
    await redis.admin.bgsave();
    await eventually(async () => (await redis.admin.info("persistence")).includes("rdb_last_bgsave_status:err"));
    expect(await failureOf(redis.admin.set("key", "2"))).to.deep.equal(unavailable("MISCONF"));
  });

  it("because a script does not end: BUSY", async () => {
    await using redis = await startRedis({ "busy-reply-threshold": "20" });
    const other = connectTo(redis);
    const endless = other.eval("while true do end", 0).catch(() => {});
    const failure = await eventually(async () => {
      const found = await failureOf(redis.admin.get("key")).catch(() => undefined);
      return found?.[0] === "BUSY" && found;
    });
    expect(failure).to.deep.equal(unavailable("BUSY"));
    await redis.admin.call("SCRIPT", "KILL");
    await endless;
    other.disconnect();
  });

  it("because its slots are served by nobody, or by another: CLUSTERDOWN, MOVED", async () => {
    await using redis = await startRedis({ "cluster-enabled": "yes", "cluster-port": String(await freePort()) });
    expect(await failureOf(redis.admin.set("key", "1"))).to.deep.equal(unavailable("CLUSTERDOWN"));
  });

  it("because we have no right to it, or are not let in: NOPERM, NOAUTH, WRONGPASS", async () => {
    await using redis = await startRedis();
    await redis.admin.call("ACL", "SETUSER", "ann", "on", ">secret", "~carillon:*", "+@all");
    const ann = connectTo(redis, { username: "ann", password: "secret" });
    expect(await failureOf(ann.get("other"))).to.deep.equal(unavailable("NOPERM"));
    expect(await failureOf(ann.auth("ann", "wrong"))).to.deep.equal(unavailable("WRONGPASS"));
    ann.disconnect();
    await redis.admin.config("SET", "requirepass", "secret");
    const nobody = connectTo(redis);
    expect(await failureOf(nobody.get("key"))).to.deep.equal(unavailable("NOAUTH"));
    nobody.disconnect();
  });

  it("because it is gone: the connection", async () => {
    await using redis = await startRedis();
    const client = connectTo(redis, { maxRetriesPerRequest: 0 });
    await client.ping();
    await redis.kill();
    expect(await failureOf(client.get("key"))).to.deep.equal(unavailable("connection"));
    client.disconnect();
  });

  it("because we asked for nonsense: that is our own mistake, and internal", async () => {
    await using redis = await startRedis();
    await redis.admin.set("key", "1");
    expect(await failureOf(redis.admin.hget("key", "field"))).to.deep.equal(["WRONGTYPE", "internal"]);
    expect(await failureOf(redis.admin.call("NOSUCHCOMMAND"))).to.deep.equal(["ERR", "internal"]);
    expect(await failureOf(redis.admin.eval("return redis.call('HGET', 'key', 'x')", 0))).to.deep.equal([
      "WRONGTYPE",
      "internal",
    ]);
    expect(await failureOf(redis.admin.eval("return nothing.here", 0))).to.deep.equal(["ERR", "internal"]);
    expect(await failureOf(redis.admin.eval("error('OOM in disguise')", 0))).to.deep.equal(["ERR", "internal"]);
  });
});

describe("toRefusal", () => {
  it("passes our own refusals on as they are, but for a deadline, after which the outcome is unknown", () => {
    const refusal = new CarillonError("muted");
    expect(toRefusal(refusal)).to.equal(refusal);
    expect(toRefusal(new CarillonError("timeout")).code).to.equal("unavailable");
    expect(nameOf(new CarillonError("timeout"))).to.equal("timeout");
  });

  it("takes whatever is thrown", () => {
    for (const thrown of [undefined, null, "text", 7, {}, new Error("socket hang up")])
      expect(toRefusal(thrown).code, typeof thrown).to.equal("unavailable");
  });
});
