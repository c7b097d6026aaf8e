import { readdirSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { until } from "./wait.mjs";

/** A worker that has not answered by then is not ready. */
const ANSWER_MS = 2_000;

/**
 * What the workers whose sockets lie in `folder` say of themselves: pid → "ready", or the reason why not. Behind the port there is
 * no telling who answers; and PM2's "online" only says that it has stopped waiting. Whoever does not answer is not in it.
 */
export async function askWorkers(folder) {
  const answers = await Promise.all(socketsIn(folder).map(ask));
  return new Map(answers.filter(Boolean));
}

/** Why some of the workers with these pids are not ready, a line each. */
async function unready(folder, pids) {
  const answers = await askWorkers(folder);
  const reasonOf = (pid) => answers.get(pid) ?? "it does not answer";
  return pids.filter((pid) => reasonOf(pid) !== "ready").map((pid) => `worker ${pid}: ${reasonOf(pid)}`);
}

/** The same when it has become nothing, or after `timeoutMs`. */
export async function stillUnready(folder, pids, { timeoutMs, signal }) {
  let reasons = [];
  await until(
    async () => {
      reasons = await unready(folder, pids);
      return reasons.length === 0;
    },
    { timeoutMs, signal },
  );
  return reasons;
}

function socketsIn(folder) {
  try {
    return readdirSync(folder)
      .filter((name) => /^[0-9a-f]{12}\.sock$/.test(name))
      .map((name) => join(folder, name));
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** Nothing where nobody is behind the socket any more. */
async function ask(socketPath) {
  const answer = await new Promise((resolve) => {
    const request = get({ socketPath, path: "/readyz", timeout: ANSWER_MS, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => (body += text));
      response
        .once("end", () => resolve({ status: response.statusCode, body }))
        .once("error", () => resolve(undefined));
    });
    request.once("timeout", () => request.destroy()).once("error", () => resolve(undefined));
  });
  const pid = answer && pidIn(answer.body);
  if (!Number.isInteger(pid)) return undefined;
  return [pid, answer.status === 200 ? "ready" : `/readyz says ${answer.status}`];
}

function pidIn(body) {
  try {
    return JSON.parse(body).pid;
  } catch {
    return undefined;
  }
}
