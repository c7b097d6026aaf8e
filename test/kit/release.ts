import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { WORKER_ENV } from "./cluster.ts";
import { opened } from "./leaks.ts";
import { freePort } from "./port.ts";
import { eventually } from "./wait.ts";

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What a build is made of. */
const SOURCES = ["src", "client", "scripts", "tsconfig.json", "package.json", "package-lock.json"];

const BUILD_MS = 120_000;
const READY_MS = 30_000;

/** A build of the service in a folder of its own. */
export interface Release extends AsyncDisposable {
  /** Starts a worker of it; resolves when it may take traffic. */
  start(env: Readonly<Record<string, string>>): Promise<ReleasedWorker>;
}

/** A worker of a release, as a process. It is killed at the end of its scope. */
export interface ReleasedWorker extends AsyncDisposable {
  readonly url: string;
  /** Whether it is there. */
  isAlive(): boolean;
  /** All that it has printed so far. */
  output(): string;
}

/** Builds the tree as it is. What is built in it already stays untouched. */
export async function buildPresent(): Promise<Release> {
  return build(async (folder) => {
    for (const source of SOURCES) await cp(join(ROOT, source), join(folder, source), { recursive: true });
  });
}

/** Builds the commit before HEAD, with the dependencies of the present tree. @throws Error where it is not in this clone */
export async function buildPrevious(): Promise<Release> {
  const commit = await previousCommit();
  return build(async (folder) => {
    const archive = join(folder, "release.tar");
    await run("git", ["-C", ROOT, "archive", "--output", archive, commit]);
    await run("tar", ["-xf", archive, "-C", folder]);
  });
}

async function parentOfHead(): Promise<string> {
  return (await run("git", ["-C", ROOT, "rev-parse", "--verify", "HEAD^{commit}^"])).stdout.trim();
}

async function previousCommit(): Promise<string> {
  try {
    // A clone of depth 1 can be made deeper, where it can still reach what it was made of.
    return await parentOfHead().catch(async () => {
      await run("git", ["-C", ROOT, "fetch", "--quiet", "--deepen=1"]);
      return parentOfHead();
    });
  } catch (error) {
    throw new Error(
      "The commit before HEAD is needed, and is not in this clone: git fetch --deepen=1 (in CI: a checkout of depth 2)",
      { cause: error },
    );
  }
}

async function build(fill: (folder: string) => Promise<void>): Promise<Release> {
  const folder = await mkdtemp(join(tmpdir(), "carillon-release-"));
  const released = opened({ folder }, "a release");
  const dispose = async () => {
    await rm(folder, { recursive: true, force: true });
    released();
  };
  try {
    await fill(folder);
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await run(process.execPath, [join(folder, "scripts/build.mjs")], { cwd: folder, timeout: BUILD_MS });
  } catch (error) {
    await dispose();
    throw error;
  }
  return { start: (env) => startWorker(folder, env), [Symbol.asyncDispose]: dispose };
}

async function startWorker(folder: string, env: Readonly<Record<string, string>>): Promise<ReleasedWorker> {
  const port = await freePort();
  const main = join(folder, "dist/src/main.js");
  const child = spawn(process.execPath, [main], { cwd: folder, env: { ...WORKER_ENV, ...env, PORT: String(port) } });
  const released = opened(child, "a released worker");
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const worker: ReleasedWorker = {
    url: `http://127.0.0.1:${port}`,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      released();
    },
  };
  try {
    await eventually(async () => (await fetch(`${worker.url}/readyz`)).status === 200, READY_MS);
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw new Error(`A worker did not get ready:\n${output}`, { cause: error });
  }
  return worker;
}
