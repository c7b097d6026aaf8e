import { Failure } from "./failure.mjs";
import { stillUnready } from "./readiness.mjs";

/** What PM2 has of ours. @throws Failure where somebody else's app has our name. */
export async function ownWorkers(pm2, { app, script }) {
  const named = (await pm2.list()).filter(({ name }) => name === app);
  const foreign = named.find((worker) => worker.script !== script);
  if (foreign)
    throw new Failure(`PM2 has an app called ${app} that is not ours (${foreign.script}): it is left alone.`);
  return named;
}

/** PM2 runs it, or will again by itself. */
export const isRunning = ({ status }) => status !== "stopped" && status !== "errored";

/** Where these workers leave their sockets. */
export const runOf = ([worker], place) => worker?.env.CARILLON_RUN_DIR || place.run;

/** Why the cluster is not ready as a whole: a line for each worker that is not, and for those that PM2 should have and has not. */
export async function whyNotReady(workers, place, waiting) {
  const missing = Number(workers[0]?.env.WORKERS || workers.length) - workers.length;
  if (missing > 0) return [`${missing} of the workers are not there`];
  const ended = workers.filter((worker) => !isRunning(worker));
  if (ended.length > 0) return ended.map(({ status }) => `a worker is ${status}`);
  return stillUnready(
    runOf(workers, place),
    workers.map(({ pid }) => pid),
    waiting,
  );
}
