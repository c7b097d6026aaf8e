import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Failure } from "./failure.mjs";
import { readPid } from "./processes.mjs";
import variables from "./variables.cjs";

/** How long a command of PM2 may take that starts and stops nothing. */
const ANSWER_MS = 30_000;

/** PM2's daily version check; its banner and the version check of a first run; its agent, where somebody has set one up. */
const QUIET = { PM2_DISABLE_VERSION_CHECK: "1", PM2_DISCRETE_MODE: "true", PM2_NO_INTERACTION: "true" };

/** PM2 as a program, for one `PM2_HOME`: it is never imported (AGPL). */
export class Pm2 {
  #place;

  constructor(place) {
    this.#place = place;
  }

  /** Whether its daemon answers. Asked before anything else where none shall be started: every command of PM2 starts one. */
  async isUp() {
    const socket = connect(join(this.#place.pm2Home, "rpc.sock"));
    return new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    }).finally(() => socket.destroy());
  }

  /** The daemon's pid. */
  get pid() {
    return readPid(join(this.#place.pm2Home, "pm2.pid"));
  }

  /** Starts the daemon if there is none. One that we have started ourselves is noted, for `retire`. */
  async wake() {
    if (await this.isUp()) return;
    await this.#run(["ping"]);
    if (this.pid) writeFileSync(this.#ours, String(this.pid));
  }

  /** Ends the daemon, if it is one that we have started, and nobody has an app there. */
  async retire() {
    const ours = readPid(this.#ours);
    if (ours === undefined || !(await this.isUp()) || ours !== this.pid) return rmSync(this.#ours, { force: true });
    if ((await this.list()).length > 0) return;
    await this.#run(["kill"]);
    rmSync(this.#ours, { force: true });
  }

  get #ours() {
    return join(this.#place.pm2Home, "carillon-daemon.pid");
  }

  /** Every app that the daemon holds, other people's too. */
  async list() {
    const { stdout } = await this.#run(["jlist"]);
    // A daemon of another version is remarked upon first.
    return JSON.parse(stdout.slice(stdout.lastIndexOf("\n[") + 1)).map(({ pid, name, pm_id: id, pm2_env: env }) => ({
      id,
      pid,
      name,
      status: env.status,
      script: env.pm_exec_path,
      env: env.env,
      killTimeoutMs: env.kill_timeout,
      logs: [env.pm_out_log_path, env.pm_err_log_path],
    }));
  }

  /** Resolves when PM2 has heard "ready" of every worker, or waits for it no longer: their own word is asked for elsewhere. */
  async start(env, { signal } = {}) {
    await this.#run(["start", join(this.#place.root, "pm2.config.cjs")], { env, signal, timeoutMs: Infinity });
  }

  /**
   * Replaces the workers one after the other, under the environment given here. By name, because PM2 does not hear "ready" of
   * what it reloads by number. When `signal` says so, the worker after the present one is not touched any more.
   */
  async reload(env, { listenTimeoutMs, signal }) {
    const timing = ["--parallel", "1", "--listen-timeout", String(listenTimeoutMs)];
    // PM2's lock is one for all that it runs; it does not reload a worker twice at once in any case.
    const args = ["reload", this.#place.app, "--update-env", "--force", ...timing];
    await this.#run(args, { env, signal, timeoutMs: Infinity });
  }

  /** Ends workers, in the time of their drain and some more, and forgets them. */
  async remove(workers) {
    if (workers.length === 0) return;
    const ids = workers.map(({ id }) => String(id));
    const called = (await this.list()).find(({ name }) => ids.includes(name));
    // PM2 looks for an app of that name first.
    if (called) throw new Failure(`An app of PM2 is called "${called.name}", which is the number of a worker too.`);
    const drainMs = Math.max(...workers.map(({ killTimeoutMs }) => killTimeoutMs || 0));
    // PM2 ends ten at a time. Without its daemon, it would wait for ever.
    await this.#run(["delete", ...ids], { timeoutMs: Math.ceil(ids.length / 10) * drainMs + ANSWER_MS });
  }

  async #run(args, { env = neutral(), signal, timeoutMs = ANSWER_MS } = {}) {
    const { root, pm2Home } = this.#place;
    const child = spawn(process.execPath, [join(root, "node_modules/pm2/bin/pm2"), ...args], {
      cwd: root,
      env: { ...env, ...QUIET, PM2_HOME: pm2Home },
      stdio: ["ignore", "pipe", "pipe"],
      // A Ctrl-C is for us: what was begun has to be undone, by PM2 too.
      detached: true,
    });
    const killed = () => void child.kill("SIGKILL");
    const timer = Number.isFinite(timeoutMs) ? setTimeout(killed, timeoutMs) : undefined;
    signal?.addEventListener("abort", killed);
    const { code, stdout, stderr } = await ended(child);
    clearTimeout(timer);
    signal?.removeEventListener("abort", killed);
    signal?.throwIfAborted();
    if (code === 0) return { stdout };
    const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-10).join("\n");
    throw new Failure(code === null ? `PM2 (${pm2Home}) does not answer.` : `PM2 (${args[0]}) failed:\n${said}`);
  }
}

function ended(child) {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (said[name] += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve({ code, ...said }));
  });
}

/** The daemon keeps the environment that it was started in, and passes it to every worker of anybody: ours is not for them. */
function neutral() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !variables.VARIABLES.includes(name)));
}
