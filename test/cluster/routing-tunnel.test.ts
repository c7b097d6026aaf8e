import { spawn } from "node:child_process";
import { once } from "node:events";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { createServer as createHttpServer } from "node:http";
import { systemClock } from "../../src/clock.ts";
import { openTunnel as open } from "../../src/cluster/routing/tunnel.ts";
import { listening } from "../kit/http.ts";
import { createSessionIds } from "../../src/cluster/routing/session-id.ts";
import { folder, type Routed, startRouted } from "../kit/routed.ts";
import { poll, upgradeRequest } from "../kit/sessions.ts";
import { eventually } from "../kit/wait.ts";

const SECRET = "a secret of these tests";
const OWNER = "0123456789ab";

/** What one end is told until the other has finished. Unlike an iterator it leaves the end open. */
async function allFrom(socket: Socket): Promise<string> {
  let all = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (all += chunk));
  socket.resume();
  await once(socket, "end");
  return all;
}

const nothing = () => {};

const connectionsOf = (server: Server) =>
  new Promise<number>((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );

describe("what is handed to another worker", () => {
  let directory: Awaited<ReturnType<typeof folder>>;
  let worker: Routed;
  const sid = createSessionIds(SECRET, OWNER).create();

  beforeEach(async () => {
    directory = await folder();
    worker = await startRouted({ directory: directory.path, secret: SECRET });
  });

  afterEach(async () => {
    await worker[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  /** Stands in for the owner, byte by byte, and gives its end of the tunnel and the client's. */
  async function openTunnel(head = "") {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    await new Promise<void>((resolve) => server.listen(join(directory.path, `${OWNER}.sock`), resolve));
    const client = connect({ port: Number(new URL(worker.url).port), host: "127.0.0.1", allowHalfOpen: true });
    client.write([...upgradeRequest(sid), "", head].join("\r\n"));
    const [owner] = (await once(server, "connection")) as [Socket];
    return {
      owner,
      client,
      async [Symbol.asyncDispose]() {
        for (const end of [owner, client]) end.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  it("is all that the client said, also what came along with the upgrade, and after one end has finished", async () => {
    await using tunnel = await openTunnel("along");
    const { owner, client } = tunnel;
    client.end(" and after");
    const heard = await allFrom(owner);
    expect(heard)
      .to.match(/^GET \/socket.io\/\S+ HTTP\/1.1\r\n/)
      .and.to.match(/\r\n\r\nalong and after$/);
    expect(heard.match(/^connection: Upgrade\r$/gim)).to.have.length(1);
    owner.end("still here");
    expect(await allFrom(client)).to.equal("still here");
    await eventually(() => owner.destroyed && client.destroyed);
  });

  it("is also what the client says after the worker has finished", async () => {
    await using tunnel = await openTunnel();
    tunnel.owner.end("no more");
    expect(await allFrom(tunnel.client)).to.equal("no more");
    tunnel.client.end("yet this");
    expect(await allFrom(tunnel.owner)).to.match(/yet this$/);
  });

  it("flows no faster than the other end reads", async () => {
    await using tunnel = await openTunnel();
    const { owner, client } = tunnel;
    const block = Buffer.alloc(1024 * 1024, "x");
    for (let count = 0; count < 64; count++) owner.write(block);
    // The kernel's buffers fill up, and then the owner's.
    let left = 0;
    await eventually(async () => {
      const before = left;
      await new Promise((resolve) => setTimeout(resolve, 50));
      left = owner.writableLength;
      return left === before;
    });
    expect(left).to.be.greaterThan(32 * block.length);
    let received = 0;
    client.on("data", (chunk: Buffer) => (received += chunk.length));
    await eventually(() => received === 64 * block.length);
  });

  it("ends at both ends when one of them is gone", async () => {
    for (const gone of ["owner", "client"] as const) {
      await using tunnel = await openTunnel();
      const other = gone === "owner" ? tunnel.client : tunnel.owner;
      other.on("error", nothing).resume();
      tunnel[gone].destroy();
      await eventually(() => other.readableEnded);
      await eventually(async () => (await connectionsOf(worker.http)) === 0, 10_000);
    }
  });

  it("is dropped with a client that takes nothing any more, and with no other that is quiet", async () => {
    const stallMs = 200;
    const path = join(directory.path, "owner");
    const server = createServer((socket) => void owners.push(socket.resume()));
    const owners: Socket[] = [];
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const front = createHttpServer().on("upgrade", (request, socket, head) => {
      socket.on("error", nothing);
      const parts = { clock: systemClock, stallMs, headers: {}, opened: nothing, closed: nothing };
      void open(request, socket, head, { by: "socket", path }, parts);
    });
    await using listener = await listening(front);
    const clients: Socket[] = [];
    for (const count of [1, 2]) {
      const client = connect(listener.port, "127.0.0.1");
      client.on("error", nothing).write([...upgradeRequest(sid), "", ""].join("\r\n"));
      clients.push(client);
      await eventually(() => owners.length === count);
    }
    owners[0]?.on("error", nothing).write(Buffer.alloc(16 * 1024 * 1024));
    clients[1]?.resume();
    await eventually(async () => (await connectionsOf(front)) === 1);
    owners[1]?.end("still here");
    await once(clients[1] as Socket, "end");
    for (const socket of [...owners, ...clients]) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it("waits for a worker that is too busy to accept, and is not taken for gone", async () => {
    const served = `
      const server = require("node:http").createServer((request, response) => response.end("served"));
      server.listen({ path: process.argv[1], backlog: 1 }, () => console.log("listening"));`;
    const owner = spawn(process.execPath, ["-e", served, join(directory.path, `${OWNER}.sock`)], { stdio: "pipe" });
    await once(owner.stdout, "data");
    owner.kill("SIGSTOP");
    let connections = 0;
    const connecting = () => connections++;
    subscribe("net.client.socket", connecting);
    try {
      const asked = Array.from({ length: 20 }, () => poll(worker.url, sid));
      // One from the test and one from the worker, for each; what is beyond was refused and tried again.
      await eventually(() => connections > 2 * asked.length);
      owner.kill("SIGCONT");
      const answers = await Promise.all(asked.map(async (answer) => (await answer).text()));
      expect(new Set(answers)).to.deep.equal(new Set(["served"]));
    } finally {
      unsubscribe("net.client.socket", connecting);
      owner.kill("SIGKILL");
      await once(owner, "exit");
    }
  });
});
