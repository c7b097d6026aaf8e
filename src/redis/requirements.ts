import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { CarillonError } from "../protocol/errors.ts";
import { type Address, connect, type Mode } from "./clients.ts";
import { nameOf } from "./failure.ts";
import { keysOf } from "./partition.ts";

/** Something about a Redis that makes it unfit, or that whoever runs it should know. */
export interface Finding {
  readonly name:
    | "redis-version"
    | "cluster-mode"
    | "replica"
    | "credentials"
    | "missing-rights"
    | "eviction"
    | "persistence"
    | "unchecked";
  /** `refuse`: Carillon cannot keep its word on it. `warn`: what it holds may be lost. `info`: a limit that one should know. */
  readonly level: "refuse" | "warn" | "info";
  readonly message: string;
}

/** Sharded pub/sub came with it. */
const OLDEST_MAJOR = 7;

/** How long a server has for all its answers together. */
const CHECK_MS = 2_000;

export interface CheckOptions {
  readonly address: Address;
  readonly prefix: string;
  readonly clock: Clock;
}

/**
 * Asks a Redis whether Carillon can work on it: over connections of its own, since a link that never gets ready cannot say why. All
 * it leaves behind is one key for ten seconds. A client's `keyPrefix`, under which sharded pub/sub delivers nothing and says nothing,
 * need not be looked for: our clients are made from a URL alone.
 * @throws CarillonError `unavailable` where nobody answers
 */
export async function checkRequirements({ address, prefix, clock }: CheckOptions): Promise<Finding[]> {
  // A client of a Cluster would never be ready with servers that are none, so each is asked by itself.
  const addresses =
    address.mode === "cluster"
      ? address.nodes.map((node): Address => ({ ...address, mode: "single", nodes: [node] }))
      : [address];
  const clients = addresses.map((one) => connect(one, "carillon:check").on("error", () => {}) as Redis);
  try {
    const outcomes = await Promise.allSettled(
      clients.map((client) => within(clock, CHECK_MS, () => check(client, address.mode, prefix))),
    );
    const answered = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    if (answered.length === 0) throw new CarillonError("unavailable");
    // Masters of one Cluster mostly have the same faults.
    return [...new Map(answered.flat().map((finding) => [finding.message, finding])).values()];
  } finally {
    for (const client of clients) client.disconnect();
  }
}

async function check(client: Redis, mode: Mode, prefix: string): Promise<Finding[]> {
  const info = await factsOf(client);
  if (info instanceof Map)
    return [...judge(info, mode), ...(await checkFsync(client, info)), ...(await checkRights(client, prefix))];
  return info === "NOPERM"
    ? [unchecked("INFO", "its version, eviction and persistence"), ...(await checkRights(client, prefix))]
    : [{ name: "credentials", level: "refuse", message: `Redis lets nobody in with these credentials: ${info}` }];
}

/** What `INFO` says, or the name of the refusal. */
async function factsOf(client: Redis): Promise<Map<string, string> | string> {
  try {
    const lines = (await client.info()).split("\r\n");
    return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
  } catch (error) {
    const name = nameOf(error);
    if (["NOPERM", "NOAUTH", "WRONGPASS"].includes(name)) return name;
    throw error;
  }
}

function judge(info: ReadonlyMap<string, string>, mode: Mode): Finding[] {
  const findings: Finding[] = [];
  const find = (name: Finding["name"], level: Finding["level"], message: string) =>
    findings.push({ name, level, message });
  const version = info.get("redis_version") ?? "";
  if (!(Number.parseInt(version, 10) >= OLDEST_MAJOR))
    find("redis-version", "refuse", `Redis ${version} is too old: sharded pub/sub needs ${OLDEST_MAJOR}.0 or newer`);
  const isCluster = info.get("cluster_enabled") === "1";
  if (isCluster && mode !== "cluster")
    find("cluster-mode", "refuse", "This is a node of a Redis Cluster: name it as redis+cluster://");
  if (!isCluster && mode === "cluster")
    find("cluster-mode", "refuse", "This is no Redis Cluster: name it as redis://, or enable cluster mode");
  if (info.get("role") === "slave" && mode === "single")
    find("replica", "refuse", "This is a replica, which takes no writes: name the master, or the Sentinels");
  const policy = info.get("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction")
    find("eviction", "warn", `maxmemory-policy ${policy} drops rooms and inboxes when memory is short: use noeviction`);
  if (info.get("aof_enabled") === "0")
    find("persistence", "warn", "appendonly is off: when Redis ends unexpectedly, all since its last snapshot is lost");
  return findings;
}

async function checkFsync(client: Redis, info: ReadonlyMap<string, string>): Promise<Finding[]> {
  if (info.get("aof_enabled") !== "1") return [];
  try {
    const [, policy] = await client.config("GET", "appendfsync");
    if (policy === "always") return [];
    const message = `appendfsync is ${policy}: what was acknowledged last may be lost when Redis ends unexpectedly`;
    return [{ name: "persistence", level: "info", message }];
  } catch {
    // Managed ones forbid it, or have renamed it.
    return [unchecked("CONFIG", "appendfsync")];
  }
}

const unchecked = (command: string, what: string): Finding => ({
  name: "unchecked",
  level: "warn",
  message: `${command} is forbidden here, so ${what} could not be checked`,
});

/** So long lives the key that the rights are tried on: longer than the trial, so that nothing else comes to be under its name. */
const PROBE_MS = 10_000;

/** How notifications come in that are published rather than added to the stream. */
const PUBLISHED = ["psubscribe", "notifications:*"] as const;

const notHeard: Finding = {
  name: "missing-rights",
  level: "warn",
  message: "The user of Redis may not subscribe to notifications:*, so nothing that is published there is taken",
};

/**
 * Tries what Carillon does: every command is refused for want of rights, or else, mostly because the key holds something else, after
 * they were found to be enough.
 */
async function checkRights(client: Redis, prefix: string): Promise<Finding[]> {
  const key = keysOf(prefix, "check")("check", randomBytes(6).toString("hex"));
  const commands: readonly (readonly [string, ...(string | number)[]])[] = [
    ["set", key, "", "PX", PROBE_MS],
    ["get", key],
    ["eval", "return redis.call('TIME')", 1, key],
    ["evalsha", "0".repeat(40), 1, key],
    ["hset", key, "", ""],
    ["zadd", key, 0, ""],
    ["xadd", key, "*", "", ""],
    ["xreadgroup", "GROUP", "check", "check", "COUNT", 1, "STREAMS", key, ">"],
    ["spublish", key, ""],
    ["pubsub", "SHARDNUMSUB", key],
    // From here on nothing but subscribing can be done.
    ["ssubscribe", key],
    PUBLISHED,
  ];
  const refused: string[] = [];
  for (const [name, ...args] of commands) {
    try {
      await client.call(name, ...args);
    } catch (error) {
      if (nameOf(error) === "connection") throw error;
      if (nameOf(error) !== "NOPERM") continue;
      refused.push(name);
      if (name === "set") break;
    }
  }
  const findings: Finding[] = [];
  const needed = refused.filter((name) => name !== PUBLISHED[0]).join(", ");
  const message = `The user of Redis lacks rights on the keys or channels ${prefix}:*, for ${needed}`;
  if (needed !== "") findings.push({ name: "missing-rights", level: "refuse", message });
  if (refused.includes(PUBLISHED[0])) findings.push(notHeard);
  return findings;
}
