import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { opened } from "./leaks.ts";
import { eventually } from "./wait.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");

/** Carillon as a process of its own. It is killed at the end of its scope, if it is still there. */
export interface Service extends AsyncDisposable {
  readonly process: ChildProcess;
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** All that it has printed so far, on both streams. */
  output(): string;
}

/** Starts one on a free port. `env` is its whole environment; `preload` is the source of a module that is run before it. */
export function spawnService(env: Readonly<Record<string, string>> = {}, preload = ""): Service {
  const preloaded = `data:text/javascript,${encodeURIComponent(preload)}`;
  const args = ["--import", TSX, "--import", preloaded, MAIN];
  const child = spawn(process.execPath, args, { env: { PORT: "0", WARM_UP_MS: "0", ...env }, stdio: "pipe" });
  const released = opened(child, "a service");
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
  return {
    process: child,
    exited,
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      released();
    },
  };
}

/** The same, once it says where it is. */
export async function startService(env: Readonly<Record<string, string>> = {}, preload = "") {
  const service = spawnService(env, preload);
  const url = await eventually(() => {
    const { exitCode } = service.process;
    if (exitCode !== null) throw new Error(`It ended with ${exitCode}:\n${service.output()}`);
    return /http:\/\/localhost:\d+/.exec(service.output())?.[0];
  }, 15_000);
  return { ...service, url };
}
