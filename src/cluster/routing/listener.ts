import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ListenOptions, Socket } from "node:net";
import type { Clock } from "../../clock.ts";
import { within } from "../../deadline.ts";
import type { Logger } from "../../logger.ts";
import { type Dispatch, type Engine, refuseUpgrade, type RoutingCounted } from "./dispatch.ts";
import { adopt } from "./headers.ts";
import type { Hops } from "./hop.ts";
import { routeTo } from "./owners.ts";
import { type SessionIds, sessionIdIn } from "./session-id.ts";

/** How long a worker may keep an unused connection to another one; it lets go of it well before the other end does. */
export const IDLE_MS = 5_000;
const SERVER_IDLE_MS = 4 * IDLE_MS;

/** What a client's headers may be at its worker (16 KiB by default) has to pass here too, with ours beside them. */
const MAX_HEADER_BYTES = 128 * 1024;

/** How long what is under way is waited for on a close. */
const CLOSE_MS = 500;

/** A door for other workers. */
export interface Listener {
  close(): Promise<void>;
}

interface Watched {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OwnListenerOptions {
  readonly worker: string;
  readonly engine: Engine;
  /** Whether a URL is Engine.IO's. */
  isSession(url: string): boolean;
  ready(): boolean;
}

/** What this host's other workers come to: Engine.IO alone, and whether this very worker is ready. */
export function createOwnServer({ worker, engine, isSession, ready }: OwnListenerOptions): Server {
  const server = createInternalServer((request, response) => {
    const { url = "" } = request;
    if (isSession(url)) {
      adopt(request);
      return engine.request(request, response);
    }
    if (url !== "/readyz") return answer(response, 404, { ok: false });
    const ok = ready();
    answer(response, ok ? 200 : 503, { ok, worker, pid: process.pid });
  });
  return server.on("upgrade", (request: IncomingMessage, socket, head) => {
    if (!isSession(request.url ?? "")) return refuseUpgrade(socket, 404);
    adopt(request);
    engine.upgrade(request, socket, head);
  });
}

export interface HostListenerOptions extends Pick<OwnListenerOptions, "worker" | "engine" | "isSession"> {
  readonly ids: SessionIds;
  readonly hops: Hops;
  readonly dispatch: Dispatch;
  readonly counted: RoutingCounted;
  readonly logger: Logger;
}

/** What other hosts come to: nothing is done for anybody but for a session request with a hop that was signed by one of us. */
export function createHostServer(options: HostListenerOptions): Server {
  const { worker, engine, ids, hops, dispatch, counted, logger, isSession } = options;

  function admit(request: IncomingMessage): string | undefined {
    const { url = "" } = request;
    const owner = isSession(url) ? ids.ownerOf(sessionIdIn(url) ?? "") : undefined;
    const verdict = owner === undefined ? "forged" : hops.judge(request, owner);
    if (verdict === "valid") {
      adopt(request);
      return owner;
    }
    counted.notForwarded("hop");
    // Nobody without our secret can bring this about, so it is an operator's to see.
    if (verdict === "late") logger.warn({}, "a hop of another host was refused: its clock and ours are apart");
    return undefined;
  }

  const server = createInternalServer((request, response) => {
    const owner = admit(request);
    if (owner === undefined) answer(response, 403, { ok: false });
    else if (owner === worker) engine.request(request, response);
    else void dispatch.request(request, response, owner, "host");
  });
  return server.on("upgrade", (request: IncomingMessage, socket, head) => {
    const owner = admit(request);
    if (owner === undefined) refuseUpgrade(socket, 403);
    else if (owner === worker) engine.upgrade(request, socket, head);
    else void dispatch.upgrade(request, socket, head, owner, "host");
  });
}

function createInternalServer(handle: (request: IncomingMessage, response: ServerResponse) => void): Server {
  return createServer({ keepAliveTimeout: SERVER_IDLE_MS, maxHeaderSize: MAX_HEADER_BYTES }, handle);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** At a path, for this process alone: `exclusive` keeps a cluster's primary, and with it a process manager, out of it. */
export async function listenAt(server: Server, path: string, watched: Watched): Promise<Listener> {
  return listen(server, { path, exclusive: true }, watched);
}

/**
 * At what is advertised, shared by all workers of this host. Where that is no address of this machine (behind a NAT, in a container),
 * at its port on every address.
 * @throws Error where the port is somebody else's
 */
export async function listenForHosts(server: Server, advertise: string, watched: Watched): Promise<Listener> {
  const route = routeTo(advertise);
  if (!route) throw new TypeError(`${advertise} is not of the form host:port`);
  const { host, port } = route;
  return listen(server, { host, port }, watched).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRNOTAVAIL" && error.code !== "ENOTFOUND") throw error;
    return listen(server, { port }, watched);
  });
}

async function listen(server: Server, where: ListenOptions, { clock, logger }: Watched): Promise<Listener> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", (error) => logger.warn({ err: error }, "a connection of another worker was not accepted"));
  // Those that were upgraded are nothing to an HTTP server any more.
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await within(clock, CLOSE_MS, () => closed).catch(() => {});
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
