import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Status } from "./fleet-process.ts";
import { opened } from "./leaks.ts";
import { eventually } from "./wait.ts";

const PROCESS = fileURLToPath(new URL("fleet-process.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");

/** Workers that share one port. They are gone at the end of its scope. */
export interface Fleet extends AsyncDisposable {
  readonly url: string;
  /** The workers that are there, as they are now. */
  status(): Promise<Status[]>;
  /** Starts one more; resolves when it serves. */
  fork(): Promise<void>;
  /** What was said beside that: warnings, and errors of Node's own. */
  output(): string;
}

export interface FleetOptions {
  readonly workers: number;
  readonly host?: string;
  readonly port: number;
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the command is put behind, to run it elsewhere. */
  readonly within?: readonly string[];
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { workers, host = "127.0.0.1", port, directory, env = {}, within = [] } = options;
  const [command, ...args] = [...within, process.execPath, "--import", TSX, PROCESS];
  const given = { PORT: String(port), HOST: host, WORKERS: String(workers), DIRECTORY: directory, ...env };
  const child = spawn(command, args, { env: { PATH: process.env["PATH"], ...given }, stdio: "pipe" });
  const released = opened(child, "a fleet");
  const told = new Map<number, Status>();
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  createInterface(child.stdout).on("line", (line) => {
    if (!line.startsWith("{")) return void (output += `${line}\n`);
    const one = JSON.parse(line) as Status;
    told.set(one.pid, one);
  });
  const until = (isSo: () => boolean) =>
    eventually(() => {
      if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}:\n${output}`);
      return isSo();
    }, 20_000);

  async function status(): Promise<Status[]> {
    const pids = [...told.keys()];
    told.clear();
    child.stdin.write("status\n");
    await until(() => pids.every((pid) => told.has(pid) || !isThere(pid)));
    return [...told.values()];
  }

  await until(() => told.size === workers);
  return {
    url: `http://${host}:${port}`,
    output: () => output,
    status,
    async fork() {
      const before = told.size;
      child.stdin.write("fork\n");
      await until(() => told.size > before);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      released();
    },
  };
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
