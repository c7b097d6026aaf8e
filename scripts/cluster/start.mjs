import { join } from "node:path";
import { proveReady } from "./canary.mjs";
import { nextEnvironment, readConfig } from "./environment.mjs";
import { Failure } from "./failure.mjs";
import { lastLines, markLogs } from "./log.mjs";
import { Pm2 } from "./pm2.mjs";
import { requireFree } from "./port.mjs";
import { makePrivate, removeFolders } from "./private.mjs";
import { withProgress } from "./progress.mjs";
import { stillUnready } from "./readiness.mjs";
import { ensureRedis, stopRedis } from "./redis.mjs";
import { entryOf, keepReleases, makeRelease } from "./release.mjs";
import { until } from "./wait.mjs";
import { isRunning, ownWorkers, whyNotReady } from "./workers.mjs";

/** PM2 is asked that often what has become of workers that are not ready. */
const ASK_PM2_EVERY_MS = 1_000;

/**
 * Starts the cluster, and resolves when every worker is ready. Where that fails, it leaves nothing behind that was not there
 * before.
 * @throws Failure
 */
export async function start(place, { timeoutMs, signal }) {
  const config = await readConfig(place, process.env);
  const undo = [];
  try {
    const redis = config.redis ? undefined : await ensureRedis(place.redis, { signal });
    if (redis?.started) undo.push(() => stopRedis(place.redis));
    const pm2 = new Pm2(place);
    const workers = (await pm2.isUp()) ? await ownWorkers(pm2, place) : [];
    if (workers.some(isRunning)) {
      // Workers come back to a Redis that is there again.
      undo.length = 0;
      return await confirm(pm2, place, workers, { timeoutMs, signal });
    }
    await requireFree(config.port, config.host);
    undo.push(() => removeFolders(place.transient));
    makePrivate(place.run);
    const release = makeRelease(place);
    const env = { ...process.env, WORKERS: String(config.workers), CARILLON_ENTRY: entryOf(release) };
    if (redis) env.REDIS_URL = redis.url;
    await proveReady(place, env, { timeoutMs, signal });

    undo.push(() => pm2.retire());
    await pm2.wake();
    await pm2.remove(workers);
    undo.push(() => removeAll(pm2, place));
    await startWorkers(pm2, place, env, { count: config.workers, timeoutMs, signal });
    keepReleases(place, [release]);
    console.log(`Carillon is ready: ${addressOf(config)} (${config.workers} workers under PM2 as ${place.app})`);
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function undoAll(steps) {
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (problem) {
      console.error(`Not undone: ${problem.message}`);
    }
  }
}

/** Whoever started it may have been killed over it: PM2 then goes on by itself. */
async function confirm(pm2, place, [{ env }], { timeoutMs, signal }) {
  await nextEnvironment(place, env);
  let reasons = [];
  const confirmed = await until(
    async () => {
      reasons = await whyNotReady(await ownWorkers(pm2, place), place, { timeoutMs: ASK_PM2_EVERY_MS, signal });
      return reasons.length === 0;
    },
    { timeoutMs, signal },
  );
  if (!confirmed) {
    const text = reasons.map((reason) => `\n  ${reason}`).join("");
    throw new Failure(`${place.app} runs already, and is not ready (cluster:stop ends it):${text}`);
  }
  console.log(`${place.app} runs already, and all of its workers are ready.`);
}

async function startWorkers(pm2, place, env, { count, timeoutMs, signal }) {
  const logs = ["out", "error"].map((kind) => join(place.pm2Home, "logs", `${place.app}-${kind}.log`));
  const marks = markLogs(logs);
  try {
    await withProgress(place.run, [], { timeoutMs, signal }, (impatient) => pm2.start(env, { signal: impatient }));
    await untilReady(pm2, place, { count, timeoutMs, signal });
  } catch (error) {
    const lines = lastLines(marks);
    if (error instanceof Failure && lines && !signal.aborted)
      error.message += `\nThe last lines of the workers' log:\n${lines}`;
    throw error;
  }
}

/** All that PM2 has, whatever pids they have by then. */
async function untilReady(pm2, place, { count, timeoutMs, signal }) {
  let reasons = [];
  const done = await until(
    async () => {
      const workers = await ownWorkers(pm2, place);
      if (workers.length < count) throw new Failure(`PM2 has started ${workers.length} of ${count} workers.`);
      if (!workers.every(isRunning)) throw new Failure("A worker ended as often as it was started.");
      const pids = workers.map(({ pid }) => pid);
      reasons = await stillUnready(place.run, pids, { timeoutMs: ASK_PM2_EVERY_MS, signal });
      return reasons.length === 0;
    },
    { timeoutMs, signal },
  );
  if (!done) throw new Failure(`Not every worker got ready within ${timeoutMs / 1_000} s:\n${reasons.join("\n")}`);
}

/** PM2 may still be about to start the next one: until there are none. */
async function removeAll(pm2, place) {
  for (;;) {
    const workers = await ownWorkers(pm2, place);
    if (workers.length === 0) return;
    await pm2.remove(workers);
  }
}

function addressOf({ host, port }) {
  const shown = ["0.0.0.0", "127.0.0.1", "::"].includes(host) ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}
