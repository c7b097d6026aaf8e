import { isDeepStrictEqual } from "node:util";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { Failure } from "./failure.mjs";
import variables from "./variables.cjs";

/** What all workers have to agree on, or PM2 has been told once: a reload cannot change it one worker at a time. */
const FIXED = {
  PORT: "port",
  HOST: "host",
  WORKERS: "workers",
  "REDIS_URL or REDIS_PREFIX": "redis",
  ADVERTISE: "advertise",
  CLUSTER_SECRET: "clusterSecret",
  CARILLON_RUN_DIR: "runDir",
  DRAIN_MS: "drainMs",
};

/** Reads an environment as a worker of the build would. @throws Failure that lists all that is wrong with it */
export async function readConfig({ root }, env) {
  const { ConfigError, parseConfig } = await import(pathToFileURL(join(root, "dist/src/config.js")).href);
  try {
    return parseConfig(env);
  } catch (error) {
    throw error instanceof ConfigError ? new Failure(error.message) : error;
  }
}

/**
 * What workers would run with now: the environment of those that run, and on top of it what is given. A variable that is not given
 * stays: who reloads from another shell must not open a cluster to guests by leaving out its key.
 * @throws Failure where it differs in what cannot change
 */
export async function nextEnvironment(place, stored) {
  const env = { ...process.env };
  const kept = Object.fromEntries(variables.VARIABLES.map((name) => [name, stored[name] ?? ""]));
  for (const name of variables.VARIABLES) {
    // A secret that is given now takes the place of the file that it came in before, and the other way round.
    const pair = variables.SECRETS.find((secret) => name === secret || name === `${secret}_FILE`);
    const isGiven = pair ? process.env[pair] || process.env[`${pair}_FILE`] : process.env[name];
    if (!isGiven) env[name] = kept[name];
  }
  const [before, after] = [await readConfig(place, kept), await readConfig(place, env)];
  const changed = Object.keys(FIXED).filter((name) => !isDeepStrictEqual(before[FIXED[name]], after[FIXED[name]]));
  if (changed.length > 0) {
    throw new Failure(
      `The cluster runs with another ${changed.join(", ")}: stop it and start it again, or leave that unset.`,
    );
  }
  return env;
}
