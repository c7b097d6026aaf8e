import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { opened } from "./leaks.ts";
import { freePort } from "./port.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What `npm run cluster` reads of the project. With all that the build is made of, the copy counts as built. */
const COPIED = [
  "client",
  "dist",
  "package-lock.json",
  "package.json",
  "pm2.config.cjs",
  "scripts",
  "src",
  "tsconfig.json",
];

type Env = Readonly<Record<string, string>>;

/** How a command ended, and what it has printed on both streams. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** One line of `pm2 jlist`. */
export interface Pm2App {
  readonly id: number;
  readonly pid: number;
  readonly name: string;
  readonly status: string;
}

/** A copy of the project with a PM2, a port and a Redis of its own. All that it has started is gone at the end of its scope. */
export class PrivateCluster implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  readonly env: Env;
  readonly #released: () => void;

  constructor(folder: string, port: number, env: Env) {
    this.folder = folder;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.env = {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      PM2_HOME: join(folder, "pm2"),
      PORT: String(port),
      HOST: "127.0.0.1",
      WORKERS: "2",
      DRAIN_MS: "200",
      WARM_UP_MS: "0",
      ...env,
    };
    this.#released = opened(this, "a cluster");
  }

  /** Runs one of the cluster's commands to its end. */
  cluster(command: string, env: Env = {}): Promise<Ended> {
    return this.begin(command, env).ended;
  }

  /** The same, to be interrupted. */
  begin(command: string, env: Env = {}) {
    return this.#spawn([join(this.folder, "scripts/cluster.mjs"), ...command.split(" ")], env);
  }

  pm2(args: readonly string[], env: Env = {}): Promise<Ended> {
    const program = join(this.folder, "node_modules/pm2/bin/pm2");
    return this.#spawn([program, ...args], { PM2_DISCRETE_MODE: "true", ...env }).ended;
  }

  /** What PM2 holds. It has to be there. */
  async apps(): Promise<Pm2App[]> {
    const { output } = await this.pm2(["jlist"]);
    const listed = JSON.parse(output.slice(output.indexOf("["))) as {
      pid: number;
      name: string;
      pm_id: number;
      pm2_env: { status: string };
    }[];
    return listed.map(({ pid, name, pm_id: id, pm2_env: { status } }) => ({ id, pid, name, status }));
  }

  /** The pids of the workers, in the order of PM2's ids. */
  async pids(): Promise<number[]> {
    const workers = (await this.apps()).filter(({ name }) => name === `carillon-${this.port}`);
    return workers.map(({ pid }) => pid);
  }

  /** pid → whether it says that it is ready, of each that answers at its own socket. */
  async ready(): Promise<Map<number, boolean>> {
    const run = join(await this.#state(), "run");
    const sockets = (await readdir(run)).filter((name) => name.endsWith(".sock"));
    const answers = await Promise.all(sockets.map((name) => askReady(join(run, name)).catch(() => undefined)));
    return new Map(answers.filter((answer) => answer !== undefined));
  }

  /** Replaces what a worker's process runs, as another build would have. */
  async replaceMain(source: string): Promise<void> {
    await writeFile(join(this.folder, "dist/src/main.js"), source);
  }

  /** As it was built. */
  async restoreMain(): Promise<void> {
    await cp(join(ROOT, "dist/src/main.js"), join(this.folder, "dist/src/main.js"));
  }

  /** The pid of our own `redis-server`; `undefined` where there is none. */
  get redisPid(): Promise<number | undefined> {
    return pidIn(join(this.folder, ".carillon/redis/redis.pid"));
  }

  /** The pid of PM2's daemon. */
  get daemonPid(): Promise<number | undefined> {
    return pidIn(join(this.env["PM2_HOME"] ?? "", "pm2.pid"));
  }

  /** Asks our own `redis-server`. */
  async withRedis<T>(ask: (client: Redis) => Promise<T>): Promise<T> {
    const settings = await readFile(join(this.folder, ".carillon/redis/redis.conf"), "utf8");
    const setting = (name: string) => new RegExp(`^${name} (\\S+)$`, "m").exec(settings)?.[1] ?? "";
    const client = new Redis(Number(setting("port")), "127.0.0.1", { password: setting("requirepass") });
    try {
      return await ask(client);
    } finally {
      client.disconnect();
    }
  }

  /** What the workers have logged, on both streams. */
  async log(): Promise<string> {
    const logs = join(this.env["PM2_HOME"] ?? "", "logs");
    const names = (await readdir(logs)).filter((name) => name.startsWith(`carillon-${this.port}-`));
    return (await Promise.all(names.map((name) => readFile(join(logs, name), "utf8")))).join("");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster("stop");
    for (const pid of [await this.daemonPid, await this.redisPid]) if (pid !== undefined && isAlive(pid)) kill(pid);
    await rm(this.folder, { recursive: true, force: true });
    this.#released();
  }

  async #state(): Promise<string> {
    const clusters = join(this.folder, ".carillon/clusters");
    const [name = ""] = (await readdir(clusters)).filter((entry) => !entry.includes(".lock"));
    return join(clusters, name);
  }

  #spawn(args: readonly string[], env: Env): { process: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(process.execPath, args, { cwd: this.folder, env: { ...this.env, ...env }, stdio: "pipe" });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, output })));
    return { process: child, ended };
  }
}

/** Makes one; nothing runs yet. */
export async function privateCluster(env: Env = {}): Promise<PrivateCluster> {
  const built = spawnSync(process.execPath, [join(ROOT, "scripts/build.mjs")], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  const folder = await mkdtemp(join(tmpdir(), "carillon-pm2-"));
  await mkdir(join(folder, "client"));
  await Promise.all(COPIED.map((path) => cp(join(ROOT, path), join(folder, path), { recursive: true })));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return new PrivateCluster(folder, await freePort(), env);
}

/** Whether it runs: one that has ended, and that its parent has not taken notice of, does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^.*\) Z /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  process.kill(pid, "SIGCONT");
  process.kill(pid, "SIGKILL");
}

async function pidIn(path: string): Promise<number | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  return Number.parseInt(text, 10) || undefined;
}

function askReady(socketPath: string): Promise<[number, boolean]> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path: "/readyz", agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.once("end", () => resolve([(JSON.parse(body) as { pid: number }).pid, response.statusCode === 200]));
    });
    request.once("error", reject);
  });
}
