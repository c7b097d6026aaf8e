import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { systemClock } from "../../src/clock.ts";
import { silent } from "../../src/logger.ts";
import { redisFleet } from "../../src/namespaces/monitor/fleet/redis.ts";
import { type AlertRule, monitorNamespace } from "../../src/namespaces/monitor/index.ts";
import type { RedisLink } from "../../src/redis/link.ts";
import { Connections } from "../../src/runtime/connection.ts";
import { serve } from "../../src/runtime/serve.ts";
import { memoryStores } from "../../src/stores.ts";
import { Client } from "../kit/client.ts";
import { opened } from "../kit/leaks.ts";
import { NO_LIMITS } from "../kit/limits.ts";
import { openLink } from "../kit/link.ts";
import type { RedisServer } from "../kit/redis.ts";

/** A worker that serves `/monitor`, in this process. */
export interface MonitorWorker extends AsyncDisposable {
  readonly id: string;
  readonly link: RedisLink;
  /** Commands that it has sent, but for those that ask whether Redis is alive. */
  readonly commands: number;
  connect(): Promise<Client>;
  /** It is gone from one moment to the next, as far as the others can tell. */
  die(): void;
}

interface WorkerOptions {
  readonly id: string;
  readonly host: string;
  readonly prefix: string;
  readonly alertRules?: readonly AlertRule[];
}

const ignore = () => {};
const clock = systemClock;

/** Everybody may come in, and as often as they like. */
const unlimited = {
  clock,
  logger: silent,
  authenticate: async () => ({ user: { id: "ann", name: "Ann", roles: ["monitor" as const], rooms: [] } }),
  rate: { perSec: 0, burst: 100 },
  limits: NO_LIMITS,
  closedFor: () => undefined,
  refused: ignore,
  received: ignore,
  closing: ignore,
  served: ignore,
};

export const newPrefix = () => `test-${randomBytes(6).toString("hex")}`;

export async function startWorker(
  server: RedisServer,
  { id, host, prefix, alertRules = [] }: WorkerOptions,
): Promise<MonitorWorker> {
  const http = createServer();
  const io = new Server(http, { serveClient: false });
  let commands = 0;
  const link = openLink(server.url, prefix, { clock, roundTrip: () => void commands++ });
  const namespace = io.of("/monitor");
  const connections = new Connections(io, { ...unlimited, maxBufferBytes: 2 ** 20, slow: ignore, sent: ignore });
  const activity = {
    sockets: (name: string) => (name === "/monitor" ? namespace.sockets.size : 0),
    rooms: () => 0,
    events: { in: 0, out: 0 },
  };
  const fleet = redisFleet({ link, clock, logger: silent, worker: id });
  const context = { clock, logger: silent, activity, worker: id, host, fleet, alertRules };
  const { control } = memoryStores({ clock, historySize: 1, historyTtlSec: 1, inboxSize: 1 });
  const options = { ...unlimited, connections, control, server: { version: "0.0.0", worker: id } };
  const served = serve(monitorNamespace, context, namespace, options);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const released = opened(http, "a worker that serves /monitor");

  return {
    id,
    link,
    get commands() {
      return commands;
    },
    connect: () => new Client(url, "/monitor", { transports: ["websocket"], auth: { token: "any" } }).connected(),
    die: () => link.close(),
    async [Symbol.asyncDispose]() {
      await served.close();
      connections.close();
      await io.close();
      link.close();
      released();
    },
  };
}
