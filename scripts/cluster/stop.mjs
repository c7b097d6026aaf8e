import { Failure } from "./failure.mjs";
import { Pm2 } from "./pm2.mjs";
import { removeFolders } from "./private.mjs";
import { send, survivors } from "./processes.mjs";
import { stopRedis } from "./redis.mjs";
import { ownWorkers } from "./workers.mjs";

/** PM2 has given them the time of their drain, and more. */
const GONE_MS = 1_000;

/**
 * Ends our workers, after their drain; our own Redis, unless another cluster is at work on it; and PM2's daemon, if we have
 * started it and nobody has an app there. What is not there is no failure.
 * @throws Failure
 */
export async function stop(place) {
  const stopped = await stopWorkers(place);
  const redis = await stopRedis(place.redis);
  removeFolders(place.transient);
  console.log(stopped > 0 ? `${place.app} is stopped.` : `No cluster runs on port ${place.port}.`);
  if (redis === "stopped") console.log("Its redis-server is stopped; the data is kept.");
  if (redis === "in use") console.log("The redis-server stays: others are connected to it.");
}

async function stopWorkers(place) {
  const pm2 = new Pm2(place);
  if (!(await pm2.isUp())) return 0;
  const workers = await ownWorkers(pm2, place);
  await pm2.remove(workers);
  const pids = workers.map(({ pid }) => pid).filter((pid) => pid > 0);
  for (const pid of await survivors(pids, GONE_MS)) send(pid, "SIGKILL");
  const left = await survivors(pids, GONE_MS);
  if (left.length > 0) throw new Failure(`Workers do not end: ${left.join(", ")}.`);
  await pm2.retire();
  return workers.length;
}
