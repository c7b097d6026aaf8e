import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { expect } from "chai";
import { freePort } from "../kit/port.ts";
import { spawnService } from "../kit/service.ts";
import { eventually } from "../kit/wait.ts";

/** Makes the process the primary of two workers, as PM2's daemon is one: it takes the connections, and hands them over in turn. */
const PRIMARY = `
  import cluster from "node:cluster";
  if (cluster.isPrimary) {
    for (let n = 0; n < 2; n++) cluster.fork();
    cluster.on("listening", ({ process: { pid } }) => console.log("worker " + pid + " listens"));
    cluster.on("exit", ({ process: { pid } }, code) => console.log("worker " + pid + " ended with " + code));
    await new Promise(() => {});
  }
`;

/** Resolves with the status once it is answered, on a connection of its own; the connection stands when `connected` is called. */
function ask(url: string, connected: () => void): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent: false, headers: { connection: "close" } }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    });
    asking.once("socket", (socket) => socket.once("connect", connected));
    asking.once("error", reject).end();
  });
}

const isStopped = async (pid: number) => (await readFile(`/proc/${pid}/stat`, "utf8")).includes(") T ");

describe("a worker that leaves", () => {
  it("takes no connection with it that its primary is handing over at that moment", async () => {
    const port = await freePort();
    const env = { PORT: String(port), HOST: "127.0.0.1", GUESTS: "on", DRAIN_MS: "0", LOG_LEVEL: "info" };
    await using primary = spawnService(env, PRIMARY);
    const { pid = 0 } = primary.process;
    const listening = () => [...primary.output().matchAll(/worker (\d+) listens/g)].map(([, worker]) => Number(worker));
    await eventually(() => listening().length === 2, 15_000);
    // Who has listened for longer is given the next connection.
    const [leaving = 0] = listening();

    // Whoever comes now waits in the kernel's queue, and then for the primary, which does not know yet that the worker goes away.
    process.kill(pid, "SIGSTOP");
    await eventually(() => isStopped(pid));
    let connected = 0;
    const answers = Array.from({ length: 4 }, () => ask(`http://127.0.0.1:${port}/healthz`, () => connected++));
    await eventually(() => connected === answers.length);
    process.kill(leaving, "SIGTERM");
    await eventually(() => primary.output().includes("carillon has left"));
    process.kill(pid, "SIGCONT");

    expect(await Promise.all(answers)).to.deep.equal([200, 200, 200, 200]);
    await eventually(() => primary.output().includes(`worker ${leaving} ended with 0`));
  });
});
