import { join } from "node:path";
import { build } from "../build.mjs";
import { proveReady } from "./canary.mjs";
import { nextEnvironment } from "./environment.mjs";
import { Failure } from "./failure.mjs";
import { lastLines, markLogs } from "./log.mjs";
import { Pm2 } from "./pm2.mjs";
import { survivors } from "./processes.mjs";
import { withProgress } from "./progress.mjs";
import { stillUnready } from "./readiness.mjs";
import { entryOf, keepReleases, makeRelease } from "./release.mjs";
import { isRunning, ownWorkers, runOf, whyNotReady } from "./workers.mjs";

/** PM2 kills a worker whose successor is not ready by then: we have given up before. */
const BACKSTOP_MS = 30_000;

/** PM2 has waited for a worker's end before it says that it has reloaded it. */
const GONE_MS = 1_000;

/**
 * Replaces the workers by those of a new build, one by one: the next is touched when the last one's successor is ready. It
 * refuses while a worker is not ready, and before any is touched where the build does not get ready.
 * @throws Failure; workers that were not replaced go on serving
 */
export async function reload(place, { timeoutMs, signal }) {
  const pm2 = new Pm2(place);
  const workers = (await pm2.isUp()) ? await ownWorkers(pm2, place) : [];
  if (!workers.some(isRunning)) throw new Failure(`No cluster runs on port ${place.port}: there is nothing to reload.`);
  const reasons = await whyNotReady(workers, place, { timeoutMs: 0, signal });
  if (reasons.length > 0) throw new Failure(`A reload needs every worker ready:\n  ${reasons.join("\n  ")}`);

  build();
  const env = await nextEnvironment(place, workers[0].env);
  const release = makeRelease(place);
  env.CARILLON_ENTRY = entryOf(release);
  try {
    await proveReady(place, env, { timeoutMs, signal });
  } catch (error) {
    keepReleases(place, workers.map(releaseOf));
    throw error;
  }
  await replace(pm2, place, workers, env, { timeoutMs, signal });
  keepReleases(place, [release]);
  console.log(`Carillon is reloaded: ${workers.length} workers were replaced, and are ready.`);
}

async function replace(pm2, place, workers, env, { timeoutMs, signal }) {
  const marks = markLogs(workers[0].logs);
  const before = workers.map(({ pid }) => pid);
  const run = runOf(workers, place);
  // The next successor begins when the last predecessor has left.
  const stepMs = timeoutMs + workers[0].killTimeoutMs;
  const listenTimeoutMs = stepMs + BACKSTOP_MS;
  try {
    await withProgress(run, before, { timeoutMs: stepMs, signal }, (impatient) =>
      pm2.reload(env, { listenTimeoutMs, signal: impatient }),
    );
    await verify(await ownWorkers(pm2, place), before, env, { run, timeoutMs, signal });
  } catch (error) {
    if (error instanceof Failure) error.message += await stateOf(pm2, place, env, marks);
    throw error;
  }
}

/** PM2 says that it has reloaded whatever has become of it. */
async function verify(workers, before, env, { run, timeoutMs, signal }) {
  const old = workers.filter((worker) => worker.env.CARILLON_ENTRY !== env.CARILLON_ENTRY);
  if (old.length > 0) throw new Failure(`PM2 did not replace the workers ${old.map(({ pid }) => pid).join(", ")}.`);
  const pids = workers.map(({ pid }) => pid);
  const reasons = await stillUnready(run, pids, { timeoutMs, signal });
  if (reasons.length > 0) throw new Failure(reasons.join("\n"));
  const left = await survivors(before, GONE_MS);
  if (left.length > 0) throw new Failure(`Workers were replaced and do not end: ${left.join(", ")}.`);
}

async function stateOf(pm2, place, env, marks) {
  const workers = await ownWorkers(pm2, place).catch(() => []);
  const replaced = workers.filter((worker) => worker.env.CARILLON_ENTRY === env.CARILLON_ENTRY).length;
  const lines = lastLines(marks);
  return [
    "",
    `${replaced} of ${workers.length} workers were touched; the others go on serving.`,
    ...(lines ? ["The last lines of the workers' log:", lines] : []),
  ].join("\n");
}

/** The folder of what it runs. */
const releaseOf = (worker) => join(worker.env.CARILLON_ENTRY, "../../..");
