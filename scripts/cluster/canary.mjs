import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { Failure } from "./failure.mjs";
import { makePrivate } from "./private.mjs";
import { askWorkers } from "./readiness.mjs";
import { send } from "./processes.mjs";
import { until } from "./wait.mjs";

/** What is shown of what it had to say. */
const LAST_LINES = 20;

/** It has no clients to send away. */
const EXIT_MS = 10_000;

/**
 * Runs one worker by itself, as PM2 would, until it is ready: on a port of its own, on the loopback, out of reach for clients and
 * for the other workers. PM2 would put a build that never gets ready in the place of one that serves.
 * @throws Failure with its last words, if it is not ready in time.
 */
export async function proveReady(place, env, { timeoutMs, signal }) {
  const run = makePrivate(`${place.run}-c`);
  const child = spawn(process.execPath, [place.script], {
    cwd: place.root,
    env: { ...env, PORT: "0", HOST: "127.0.0.1", ADVERTISE: "", DRAIN_MS: "0", CARILLON_RUN_DIR: run },
    // The channel is what it is ended by if we are killed.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const gone = new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  try {
    let answer;
    const settled = await until(
      async () => {
        answer = hasEnded(child)
          ? `it ended with ${child.exitCode ?? child.signalCode}`
          : (await askWorkers(run)).get(child.pid);
        return hasEnded(child) || answer === "ready";
      },
      { timeoutMs, signal },
    );
    if (settled && answer === "ready") return;
    const lines = said.trim().split("\n").slice(-LAST_LINES).join("\n");
    throw new Failure(`This build does not get ready: ${answer ?? "it does not answer"}.\n${lines}`.trim());
  } finally {
    child.kill("SIGTERM");
    const timer = setTimeout(() => send(child.pid, "SIGKILL"), EXIT_MS);
    await gone;
    clearTimeout(timer);
    rmSync(run, { recursive: true, force: true });
  }
}

const hasEnded = ({ exitCode, signalCode }) => exitCode !== null || signalCode !== null;
