import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { ensurePrograms } from "../programs.mjs";
import { Failure } from "./failure.mjs";
import { lastLines, markLogs } from "./log.mjs";
import { freePort } from "./port.mjs";
import { makePrivate } from "./private.mjs";
import { commandOf, isAlive, readPid, send, survivors } from "./processes.mjs";
import { until } from "./wait.mjs";

const PROGRAM = { binary: "redis-server", package: "redis-server" };

/** How long it may take to listen; what it reads from its file then takes its time. */
const START_MS = 15_000;
const LOAD_MS = 600_000;

/** Before the next, ruder way to end it is taken. Nothing acknowledged is lost by any: each write is on the disk before its reply. */
const STOP_MS = 10_000;

/** How long a connection may outlive its process. */
const HANG_UP_MS = 2_000;

/**
 * Our own `redis-server`: found again if it runs, else started with what it kept. It is nobody's child, so that it outlives PM2,
 * and on a port and under a password that stay, so that workers find it again.
 * @returns its URL, and whether it was started now.
 * @throws Failure
 */
export async function ensureRedis(folder, { signal } = {}) {
  makePrivate(folder);
  const found = await find(folder);
  if (found) return { url: urlOf(found), started: false };
  if (!ensurePrograms([PROGRAM], "A cluster without REDIS_URL")) throw new Failure("There is no redis-server.");
  const kept = readSettings(folder);
  const settings =
    (kept && (await start(folder, kept, signal))) ?? (await start(folder, await newSettings(kept), signal));
  if (!settings) throw new Failure(`redis-server could not be started: see ${logOf(folder)}`);
  return { url: urlOf(settings), started: true };
}

/** Stops it, and keeps its data. @returns `"stopped"`; `"absent"` where there is none; `"in use"` where others are connected. */
export async function stopRedis(folder) {
  const found = await find(folder, { hungToo: true });
  if (!found) return "absent";
  if (!found.hung && (await isUsed(found))) return "in use";
  // The first does what SHUTDOWN does.
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    send(found.pid, signal);
    if ((await survivors([found.pid], STOP_MS)).length === 0) break;
  }
  if (isAlive(found.pid)) throw new Failure(`redis-server (${found.pid}) does not end.`);
  rmSync(pidFileOf(folder), { force: true });
  return "stopped";
}

const logOf = (folder) => join(folder, "redis.log");
const pidFileOf = (folder) => join(folder, "redis.pid");
const settingsOf = (folder) => join(folder, "redis.conf");
const urlOf = ({ port, password }) => `redis://:${password}@127.0.0.1:${port}`;

/** It is ours if it answers to our password and has the pid of our pid file. */
async function find(folder, { hungToo = false } = {}) {
  const settings = readSettings(folder);
  const pid = readPid(pidFileOf(folder));
  if (!settings || pid === undefined || !isAlive(pid)) return undefined;
  const info = await command(settings, (client) => client.info()).catch(() => "");
  if (Number(/^process_id:(\d+)/m.exec(info)?.[1]) === pid) return { ...settings, pid, info };
  const running = commandOf(pid);
  if (!running.includes("redis-server") || !running.includes(`:${settings.port}`)) return undefined;
  if (hungToo) return { ...settings, pid, hung: true };
  // A second one on the same files would be the end of them.
  throw new Failure(`Our redis-server (${pid}) is there, and does not answer.`);
}

async function newSettings(kept) {
  const password = kept?.password ?? randomBytes(24).toString("base64url");
  return { port: await freePort(), password };
}

function readSettings(folder) {
  let text;
  try {
    text = readFileSync(settingsOf(folder), "utf8");
  } catch {
    return undefined;
  }
  const port = Number(/^port (\d+)$/m.exec(text)?.[1]);
  const password = /^requirepass (\S+)$/m.exec(text)?.[1];
  return port && password ? { port, password } : undefined;
}

function writeSettings(folder, { port, password }) {
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    `pidfile ${JSON.stringify(pidFileOf(folder))}`,
    `logfile ${JSON.stringify(logOf(folder))}`,
    "daemonize yes",
    "appendonly yes",
    // With `everysec`, a mere kill -9 loses writes that were acknowledged.
    "appendfsync always",
    'save ""',
    "maxmemory-policy noeviction",
  ];
  writeFileSync(settingsOf(folder), `${lines.join("\n")}\n`, { mode: 0o600 });
}

/** Gives the settings back if it runs with them; `undefined` if somebody else has the port. */
async function start(folder, settings, signal) {
  writeSettings(folder, settings);
  const marks = markLogs([logOf(folder)]);
  rmSync(pidFileOf(folder), { force: true });
  const spawned = spawnSync(PROGRAM.binary, [settingsOf(folder)], { encoding: "utf8" });
  if (spawned.error) throw new Failure(`redis-server could not be started: ${spawned.error.message}`);
  const isBusy = () => lastLines(marks).includes("Address already in use");
  try {
    const found = await until(() => isBusy() || find(folder).catch(() => undefined), { timeoutMs: START_MS, signal });
    if (found === true) return undefined;
    if (!found) throw new Failure(`redis-server could not be started:\n${lastLines(marks) || spawned.stderr.trim()}`);
    if (isLoading(found)) console.log("redis-server is reading its data …");
    const loaded = await until(async () => !isLoading(await find(folder)), {
      timeoutMs: LOAD_MS,
      signal,
      everyMs: 500,
    });
    if (!loaded) throw new Failure("redis-server does not come to an end of reading its data.");
    return settings;
  } catch (error) {
    await stopRedis(folder);
    throw error;
  }
}

const isLoading = (found) => found?.info.includes("\nloading:1") ?? false;

/** Whether anybody but us is connected. Workers that were ended have hung up, or will at once. */
async function isUsed(found) {
  const alone = async () => {
    const clients = await command(found, (client) => client.client("LIST"));
    return String(clients).trim().split("\n").length <= 1;
  };
  return !(await until(() => alone().catch(() => true), { timeoutMs: HANG_UP_MS }));
}

async function command({ port, password }, run) {
  const client = new Redis(port, "127.0.0.1", {
    password,
    lazyConnect: true,
    // It is to be asked while it loads, too.
    enableReadyCheck: false,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return await run(client);
  } finally {
    client.disconnect();
  }
}
