"use strict";

// `npm run cluster` starts the workers by this file. It serves `pm2 start pm2.config.cjs` as well: that needs a build and a
// REDIS_URL, and PM2 then says "online" and "reloaded" also of workers that are neither.

const { availableParallelism } = require("node:os");
const { join } = require("node:path");
const { placeOf } = require("./scripts/cluster/place.cjs");
const { VARIABLES } = require("./scripts/cluster/variables.cjs");

/** What a worker has beyond its drain to come to its end (3 s), and then some. */
const KILL_GRACE_MS = 5_000;

/** PM2 kills a worker whose successor has not said "ready" by then: better late than with nobody to follow. */
const LISTEN_TIMEOUT_MS = 60_000;

const { DRAIN_MS, REDIS_URL, REDIS_URL_FILE, WORKERS } = process.env;

if (!REDIS_URL && !REDIS_URL_FILE) {
  throw new Error("REDIS_URL is not set: workers without it have nothing in common. `npm run cluster` brings its own.");
}

const place = placeOf(process.env);

module.exports = {
  apps: [
    {
      name: place.app,
      script: join(__dirname, "scripts/worker.cjs"),
      cwd: __dirname,
      exec_mode: "cluster",
      instances: Number(WORKERS) || availableParallelism(),
      instance_var: "CARILLON_INSTANCE",
      // An empty variable is an unset one. Each is named, because a worker would otherwise find those of whoever started PM2.
      env: {
        ...Object.fromEntries(VARIABLES.map((name) => [name, process.env[name] ?? ""])),
        CARILLON_RUN_DIR: place.run,
      },
      wait_ready: true,
      listen_timeout: LISTEN_TIMEOUT_MS,
      kill_timeout: (Number(DRAIN_MS || 10_000) || 0) + KILL_GRACE_MS,
      // What cannot even start is "errored" after ten attempts; whoever had a life is brought back at once, and for ever. No delay
      // (nor a growing one) between them: with any, PM2 says "waiting restart" for ever of what it has given up.
      min_uptime: 5_000,
      max_restarts: 10,
      merge_logs: true,
      // Neither PM2's own probes in the worker, nor a look at its git, nor a `ps` for children that it does not have.
      pmx: false,
      vizion: false,
      treekill: false,
    },
  ],
};
