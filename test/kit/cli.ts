import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");

/** `carillon` in a process of its own, with pipes for a terminal. It is killed at the end of its scope. */
export interface Cli extends Disposable {
  readonly process: ChildProcess;
  /** What it has printed so far, by line. */
  readonly lines: string[];
  /** What it has written to stderr so far. */
  readonly complaints: () => string;
  readonly exited: Promise<number>;
  /** The first line that fits, printed already or to come; rejects where the process ends without it. */
  line(fits: RegExp): Promise<string>;
  type(line: string): void;
  /** Ctrl-D. */
  endInput(): void;
}

export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Cli {
  const child = spawn(process.execPath, ["--import", TSX, MAIN, ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: "pipe",
  });
  const lines: string[] = [];
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();

  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    lines.splice(0, lines.length, ...stdout.split("\n").slice(0, -1));
    for (const look of watchers) look();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const exited = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));

  return {
    process: child,
    lines,
    complaints: () => stderr,
    exited,
    line(fits) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find((line) => fits.test(line));
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
        void exited.then(() => reject(new Error(`ended without ${String(fits)}:\n${stdout}${stderr}`)));
      });
    },
    type: (line) => void child.stdin.write(`${line}\n`),
    endInput: () => void child.stdin.end(),
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}
