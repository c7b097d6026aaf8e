import type { EventEmitter } from "node:events";
import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import type { Socket as Connection } from "engine.io";
import { Server } from "socket.io";
import type { Gate } from "./runtime/gate.ts";
import type { FilledOptions } from "./options.ts";

/** A Socket.IO server, and how to let go of it without touching what was there before. */
export interface Attached {
  readonly io: Server;
  /** Whether the Socket.IO server is Carillon's own, and with it every transport. */
  readonly owned: boolean;
  detach(): Promise<void>;
}

/** A connection that never comes to a namespace is closed after so long. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * A connection that was just being handed to a worker when that was killed is neither served nor closed by anybody: its client notices
 * only when it is pinged no more. Engine.IO would take 45 s for it; each ping costs a write a client.
 */
const PING_INTERVAL_MS = 15_000;
const PING_TIMEOUT_MS = 10_000;

/** Uses the host's Socket.IO server, or attaches one to the host's HTTP server. */
export function attach(
  { io, server, maxFrameBytes, allowedOrigins, web, authenticate }: FilledOptions,
  gate: Gate,
): Attached {
  if (io) return { io, owned: false, detach: async () => {} };
  if (!server) throw new TypeError("createCarillon needs `io` or `server`");
  const before = listenersOf(server);
  const own = new Server(server, {
    allowRequest: gate.allowRequest,
    maxHttpBufferSize: maxFrameBytes,
    connectTimeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    serveClient: web,
    ...(allowedOrigins.length > 0 && {
      cors: { origin: [...allowedOrigins], credentials: true },
    }),
  });
  // Socket.IO opens "/" to everybody; here it is one more namespace that does not exist.
  own.use((_socket, next) => next(new Error("Invalid namespace")));
  tendUpgrades(own);
  if (!authenticate) own.engine.on("connection", forgetRequest);
  // Engine.IO would end every session as soon as the port is closed and its last connection gone: but by then they are told to go one
  // by one, and those of clients whose requests come by way of other workers have no connection here at all.
  for (const listener of server.listeners("close"))
    if (!before.get("close")?.includes(listener)) server.off("close", listener as () => void);
  const added = listenersOf(server);
  return {
    io: own,
    owned: true,
    async detach() {
      // Not `io.close()`: it would close the host's server as well.
      own.engine.close();
      restore(server, before, added);
    },
  };
}

/** In the place of every request: what Socket.IO looks into for a handshake, as of one with nothing in it. */
const noRequest = (encrypted: boolean) =>
  Object.freeze({ headers: Object.freeze({}), _query: Object.freeze({}), url: "", connection: { encrypted } });
const PLAIN = noRequest(false);
const SECURE = noRequest(true);

/**
 * Engine.IO keeps the request with which a session has come. Only a hook, or a host's own Socket.IO server, has a use for it: the token is
 * in the CONNECT.
 * @see https://socket.io/docs/v4/memory-usage/
 */
function forgetRequest(connection: Connection): void {
  const { socket } = connection.request;
  Object.assign(connection, { request: "encrypted" in socket ? SECURE : PLAIN });
}

/**
 * Lets an upgrade's answer and the first packet leave in one write, and ends what Engine.IO has made of it for its middlewares: that would
 * stay for as long as the websocket, and the request with it. As a response it is over with its headers.
 */
function tendUpgrades({ engine }: Server): void {
  const responses = new WeakMap<IncomingMessage, () => void>();
  engine.use((request: IncomingMessage, response: EventEmitter, next: () => void) => {
    const { socket, headers } = request;
    // The first middleware is called in the turn in which the response was made, and began to listen for the end of the connection.
    const listener = socket.listeners("close").at(-1);
    if (headers.upgrade !== undefined) responses.set(request, () => endResponse(socket, response, listener));
    next();
  });
  engine.on("headers", (_headers: unknown, request: IncomingMessage) => {
    const { socket } = request;
    const end = responses.get(request);
    if (!end) return;
    responses.delete(request);
    end();
    socket.cork();
    setImmediate(() => socket.uncork());
  });
}

function endResponse(socket: Socket, response: EventEmitter, listener: unknown): void {
  // In another version of Engine.IO it may be somebody else's, or none.
  if (typeof listener !== "function" || !String(listener).includes('this.emit("close")')) return;
  socket.off("close", listener as () => void);
  response.emit("close");
}

const EVENTS = ["request", "upgrade", "listening", "close"] as const;
type Listeners = ReadonlyMap<string, readonly unknown[]>;

const listenersOf = (server: HttpServer): Listeners => new Map(EVENTS.map((event) => [event, server.listeners(event)]));

/** Engine.IO takes the listeners of a server off and calls them itself: they come back, before those that were added since. */
function restore(server: HttpServer, before: Listeners, added: Listeners): void {
  for (const event of EVENTS) {
    const since = server.listeners(event).filter((listener) => !added.get(event)?.includes(listener));
    server.removeAllListeners(event);
    for (const listener of [...(before.get(event) ?? []), ...since]) server.on(event, listener as () => void);
  }
}
