import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");

/** The service in a process of its own. It is killed at the end of its scope, if it is still there. */
export interface Service extends AsyncDisposable {
  readonly process: ChildProcess;
  /** All that it has written so far, to stdout and stderr. */
  readonly output: () => string;
  /** Its URL, once it is ready; rejects where it ends before. */
  readonly ready: Promise<string>;
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
}

/** Starts `src/main.ts` on a free port. `preload` is the source of a module that is run before it. */
export function startService(env: Readonly<Record<string, string>> = {}, preload = ""): Service {
  const preloaded = `data:text/javascript,${encodeURIComponent(preload)}`;
  const child = spawn(process.execPath, ["--import", TSX, "--import", preloaded, MAIN], {
    env: { PATH: process.env["PATH"], PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
  const ready = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
        const [url] = /http:\/\/[^\s"]+(?=[\s"])/.exec(output) ?? [];
        if (url !== undefined) resolve(url);
      });
    }
    void exited.then(() => reject(new Error(`ended before it was ready:\n${output}`)));
  });
  ready.catch(() => {});
  return {
    process: child,
    output: () => output,
    ready,
    exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
