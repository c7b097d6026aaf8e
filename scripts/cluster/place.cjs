"use strict";

const { createHash } = require("node:crypto");
const { homedir, tmpdir } = require("node:os");
const { join, resolve } = require("node:path");

const root = resolve(__dirname, "../..");

/** The path of a unix socket has at most 103 bytes on macOS, 107 on Linux; the workers' names and a suffix take 20 of them. */
const MAX_RUN_BYTES = 83;

const digest = (text) => createHash("sha256").update(text).digest("hex").slice(0, 8);

/**
 * Where a cluster has its things. A cluster is told from others by its port and by the PM2 that runs it, so that several can
 * run out of one folder; those without a `REDIS_URL` share the folder's own.
 */
exports.placeOf = (env) => {
  const port = Number(env.PORT) || 3000;
  const pm2Home = resolve(env.PM2_HOME || join(homedir(), ".pm2"));
  const home = resolve(env.CARILLON_HOME || join(root, ".carillon"));
  const folder = join(home, "clusters", `${port}-${digest(pm2Home)}`);
  const run = env.CARILLON_RUN_DIR || shortened(join(folder, "run"));
  return {
    root,
    port,
    pm2Home,
    home,
    /** What PM2 calls the workers. */
    app: `carillon-${port}`,
    /** What PM2 starts: it tells our workers from somebody else's of the same name. */
    script: join(root, "scripts/worker.cjs"),
    folder,
    lock: `${folder}.lock`,
    releases: join(folder, "releases"),
    redis: join(home, "redis"),
    /** For the workers' sockets. */
    run,
    /** What is of no use without the workers. */
    transient: env.CARILLON_RUN_DIR ? [folder] : [folder, run],
  };
};

function shortened(run) {
  if (Buffer.byteLength(run) <= MAX_RUN_BYTES) return run;
  return join(tmpdir(), `carillon-${process.getuid?.() ?? 0}-${digest(run)}`);
}
