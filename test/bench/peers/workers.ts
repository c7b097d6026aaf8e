import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { opened } from "../../kit/leaks.ts";
import { freePort } from "../../kit/port.ts";
import type { PeerOptions, RunningPeer } from "../peer.ts";
import type { JsonOperations } from "./count-json.ts";
import { preloadOf } from "./program.ts";

export const HOST = "127.0.0.1";

/** A process that is compiled as it starts, beside others on few cores, takes its time. */
const READY_MS = 30_000;

const alive = new Set<ChildProcess>();

process.once("exit", () => {
  // Not killed: whatever they have started themselves is theirs to end.
  for (const child of alive) child.kill("SIGTERM");
});

/**
 * Starts a program that ends with this process, unless that is killed. What it says goes to standard error. It inherits no
 * environment but `PATH`, so that neither `DEBUG` nor `NODE_OPTIONS` gets into what is measured.
 */
export function spawnPeer(
  [command = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  core?: number,
): ChildProcess {
  const pinned = core === undefined ? [] : ["taskset", "-c", String(core)];
  const [file = "", ...rest] = [...pinned, command, ...args];
  const child = spawn(file, rest, {
    // Where Debian has nginx.
    env: { PATH: `${process.env["PATH"]}:/usr/sbin`, ...env },
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const released = opened(child, `a peer: ${[command, ...args].join(" ")}`);
  const forget = () => {
    alive.delete(child);
    released();
  };
  alive.add(child);
  child.once("exit", forget).once("error", forget);
  return child;
}

export const hasEnded = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

/** Ends it at once, by default; resolves when it is gone. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** Starts `options.workers` processes of a Node program that listens at `HOST` and `PORT` and then says `ready` over IPC. */
export async function startWorkers(program: readonly string[], options: PeerOptions): Promise<RunningPeer> {
  const { workers, redisUrl, cores, env, countJson = false, collects = false } = options;
  const ports = await Promise.all(Array.from({ length: workers }, freePort));
  const preload = [
    ...(countJson ? preloadOf("count-json") : []),
    ...(collects ? ["--expose-gc", ...preloadOf("collect")] : []),
  ];
  const children = ports.map((port, index) =>
    spawnPeer(
      [process.execPath, ...preload, ...program],
      { NODE_ENV: "production", HOST, PORT: String(port), ...(redisUrl && { REDIS_URL: redisUrl }), ...env },
      cores?.[index],
    ),
  );
  const stopAll = async () => void (await Promise.all(children.map((child) => stop(child))));
  try {
    await Promise.all(children.map(ready));
  } catch (error) {
    await stopAll();
    throw error;
  }
  return {
    targets: ports.map((port) => ({ host: HOST, port })),
    processes: children.map(({ pid = -1 }, index) => ({ name: `worker ${index}`, pid })),
    ...(countJson && { jsonOperations: async () => sum(await Promise.all(children.map(jsonOperations))) }),
    ...(collects && { collect: async () => void (await Promise.all(children.map((child) => ask(child, "collect")))) }),
    [Symbol.asyncDispose]: stopAll,
  };
}

/** The same for what is one process only. @throws RangeError where more are asked for */
export async function startAlone(program: readonly string[], options: PeerOptions): Promise<RunningPeer> {
  if (options.workers !== 1) throw new RangeError("In memory there is one worker, not more");
  return startWorkers(program, { ...options, redisUrl: undefined });
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string) => reject(new Error(`${child.spawnargs.join(" ")}: ${why}`));
    const timer = setTimeout(refuse, READY_MS, `it was not ready after ${READY_MS} ms`);
    child.once("message", () => resolve());
    child.once("error", ({ message }) => refuse(message));
    child.once("exit", (code, signal) => refuse(`it ended with ${code ?? signal} before it was ready`));
    for (const event of ["message", "error", "exit"]) child.once(event, () => clearTimeout(timer));
  });
}

async function jsonOperations(child: ChildProcess): Promise<JsonOperations> {
  return (await ask(child, "json operations")) as JsonOperations;
}

/** One question at a time to each. */
function ask(child: ChildProcess, question: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(new Error("A worker has ended, and cannot be asked"));
    if (hasEnded(child)) return refuse();
    child.once("exit", refuse);
    child.once("message", (answer) => {
      child.off("exit", refuse);
      resolve(answer);
    });
    child.send(question);
  });
}

const sum = (all: readonly JsonOperations[]): JsonOperations => ({
  parsed: all.reduce((total, { parsed }) => total + parsed, 0),
  stringified: all.reduce((total, { stringified }) => total + stringified, 0),
});
