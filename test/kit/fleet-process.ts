import cluster from "node:cluster";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";
import { routeSessions, type KnownWorker } from "../../src/cluster/routing/index.ts";
import { createCarillon, systemClock } from "../../src/index.ts";

// Several workers on one port, as a process manager has them: a primary of Node's cluster module, dealing connections out in turn.

const { PORT, HOST, WORKERS, DIRECTORY, SECRET, ADVERTISE, TABLE } = process.env;

interface Status {
  readonly pid: number;
  readonly id: string;
  readonly sessions: number;
  readonly forwarded: number;
  readonly refused: readonly string[];
  /** Open connections, of whatever kind. */
  readonly sockets: number;
}

const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

const fork = () => cluster.fork().on("message", say);

function primary(): void {
  for (let count = Number(WORKERS); count > 0; count--) fork();
  createInterface(process.stdin)
    .on("line", (line) => {
      if (line === "fork") fork();
      // One that is about to end hears nothing any more, which is no error of its primary's.
      else for (const worker of Object.values(cluster.workers ?? {})) worker?.send(line, () => {});
    })
    .on("close", () => process.exit());
}

/** The table of all hosts' workers is a file here: without it, as with Redis out, what was read last counts. */
function readTable() {
  let table: readonly KnownWorker[] = [];
  return {
    live: () => table,
    async refresh() {
      table = JSON.parse(await readFile(TABLE ?? "", "utf8")) as KnownWorker[];
    },
  };
}

async function serve(): Promise<void> {
  const http = createServer((_request, response) => void response.writeHead(404).end());
  // Soon noticed is what a kill can do to a client besides closing its connection: one that was on its way to the worker stays open
  // and is never answered, and a stock client that loses its websocket in the midst of an upgrade polls no more.
  const io = new Server(http, { pingInterval: 4_000, pingTimeout: 8_000 });
  const carillon = createCarillon({
    io,
    authenticate: (token) => ({ id: String(token) }),
    roomAccess: "open",
    rate: { perSec: 0, burst: 1 },
    connects: { perSec: 0, burst: 1 },
    drainMs: 200,
  });
  const id = randomBytes(6).toString("hex");
  const refused: string[] = [];
  let forwarded = 0;
  const routing = await routeSessions({
    io,
    worker: id,
    directory: DIRECTORY ?? "",
    secret: SECRET,
    advertise: ADVERTISE,
    workers: TABLE === undefined ? undefined : readTable(),
    clock: systemClock,
    logger: console,
    ready: () => true,
    counted: { forwarded: () => forwarded++, notForwarded: (why) => refused.push(why) },
  });
  await new Promise<void>((resolve) => http.listen(Number(PORT), HOST ?? "127.0.0.1", resolve));
  const tell = () => {
    const sockets = process.getActiveResourcesInfo().filter((name) => /^(TCPSocket|Pipe)Wrap$/.test(name)).length;
    const sessions = io.engine.clientsCount;
    process.send?.({ pid: process.pid, id, sessions, forwarded, refused, sockets } satisfies Status);
  };
  process.on("message", tell);
  const leave = async () => {
    http.close();
    await Promise.all([carillon.drain(), routing.drain(200)]);
    await routing.close();
    await io.close();
    await carillon.close();
    process.exit();
  };
  process.on("SIGTERM", () => void leave());
  tell();
}

export type { Status };

if (cluster.isPrimary) primary();
else await serve();
