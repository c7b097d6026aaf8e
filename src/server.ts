import { randomBytes } from "node:crypto";
import type { Router } from "express";
import type { Namespace, Server } from "socket.io";
import { attach } from "./attach.ts";
import { createAuth } from "./auth/index.ts";
import { CONTRACTS } from "./docs/documents.ts";
import { renderAsyncApi } from "./docs/asyncapi.ts";
import { renderOpenApi } from "./docs/openapi.ts";
import { drainConnections } from "./drain.ts";
import { createApi } from "./http/api.ts";
import { createRouter } from "./http/router.ts";
import { createServiceAuth } from "./http/service.ts";
import { createMetrics } from "./metrics.ts";
import { type Context, namespaces } from "./namespaces/index.ts";
import { createPublisher, type NotificationDraft, type Published } from "./namespaces/notify/publish.ts";
import { type CarillonOptions, type FilledOptions, withDefaults } from "./options.ts";
import type { Control } from "./control/index.ts";
import { CarillonError } from "./protocol/errors.ts";
import { requireValid } from "./runtime/admission.ts";
import type { User } from "./runtime/caller.ts";
import { Connections } from "./runtime/connection.ts";
import { createGate } from "./runtime/gate.ts";
import { serve, type Served, type ServeOptions } from "./runtime/serve.ts";
import { memoryStores } from "./stores.ts";
import { VERSION } from "./version.ts";

/** A Carillon at work on somebody's server. */
export interface Carillon {
  readonly io: Server;
  /** The HTTP API and the web app, to be mounted at the root of an Express app (5 or 4). */
  readonly router: Router;
  /** The namespaces, for ordinary `to(room).emit(…)`; absent where switched off. */
  readonly chat: Namespace | undefined;
  readonly notify: Namespace | undefined;
  readonly monitor: Namespace | undefined;
  /** Makes a request for a user, by the same contract and handler as a socket's. @throws CarillonError */
  request(user: User, name: string, input: unknown): Promise<unknown>;
  /** Puts a notification into the inboxes of users. @throws CarillonError */
  publish(users: readonly string[], draft: NotificationDraft): Promise<Published[]>;
  /** Closes a user's sockets and refuses the tokens issued until now. */
  revoke(user: string): Promise<void>;
  /** Lets nobody in any more and sends everybody away, spread over `drainMs`. */
  drain(): Promise<void>;
  /** Ends Carillon's own part of the server, and leaves the host's alone. */
  close(): Promise<void>;
}

/** A namespace where it is served. */
interface Open {
  readonly namespace: Namespace;
  readonly served: Served;
}

/** Puts Carillon to work on a Socket.IO or an HTTP server. @throws TypeError without one, or with options that contradict each other. */
export function createCarillon(given: CarillonOptions): Carillon {
  const options = withDefaults(given);
  const { clock, logger, drainMs } = options;
  const stores = memoryStores(options);
  const { control } = stores;
  const { authenticate, guests } = createAuth(options);
  const gate = createGate(options);
  const { io, detach } = attach(options, gate);
  const worker = randomBytes(6).toString("hex");
  const open = new Map<string, Open>();
  const activity = createActivity(open);
  const metrics = createMetrics({
    rooms: activity.rooms,
    sockets: () => Object.fromEntries([...open.keys()].map((name) => [name, activity.sockets(name)])),
  });
  const connections = new Connections(io, {
    clock,
    maxBufferBytes: options.maxBufferBytes,
    slow: metrics.slow,
    sent: () => activity.events.out++,
  });
  let draining = false;

  const context: Context = { ...options, ...stores, activity, worker, counted: metrics };
  const serveOptions: ServeOptions = {
    ...metrics,
    ...options,
    control,
    authenticate,
    connections,
    limits: limitsOf(options),
    server: { version: VERSION, worker },
    draining: () => draining,
    received: () => activity.events.in++,
  };
  for (const definition of namespaces) {
    const { name } = definition.contract;
    const at = options.namespaces[name.slice(1) as keyof FilledOptions["namespaces"]];
    if (at === false) continue;
    const namespace = io.of(at);
    open.set(name, { namespace, served: serve(definition, context, namespace, serveOptions) });
  }

  async function request(user: User, name: string, input: unknown): Promise<unknown> {
    for (const { served } of open.values()) if (served.has(name)) return served.request(user, name, input);
    throw new CarillonError("unknown_request");
  }

  const publisher = createPublisher(context);
  const requireToken = (identity: Parameters<typeof requireValid>[0]) => requireValid(identity, { clock, control });
  const router = createRouter({
    logger,
    web: options.web,
    requireService: createServiceAuth({
      apiKeys: options.apiKeys,
      authenticate,
      requireValid: requireToken,
      addressOf: gate.addressOf,
    }),
    handlers: createApi({
      clock,
      control,
      metrics,
      gate,
      publisher,
      guests,
      authenticate,
      requireValid: requireToken,
      request,
      requireReady() {
        if (draining) throw new CarillonError("draining");
      },
      documents: () => ({ openapi: renderOpenApi(CONTRACTS), asyncapi: renderAsyncApi(CONTRACTS) }),
    }),
  });

  const stopRevoking = closeRevoked(control, open);
  let closed: Promise<void> | undefined;

  async function drain(): Promise<void> {
    draining = true;
    const left = [...open.values()].map(({ namespace }) => namespace);
    await drainConnections(left, connections, { clock, drainMs });
  }

  async function close(): Promise<void> {
    draining = true;
    stopRevoking();
    for (const { namespace, served } of [...open.values()].toReversed()) {
      namespace.disconnectSockets();
      await served.close();
    }
    connections.close();
    await detach();
  }

  return {
    io,
    router,
    chat: open.get("/chat")?.namespace,
    notify: open.get("/notify")?.namespace,
    monitor: open.get("/monitor")?.namespace,
    request,
    publish: (users, draft) => publisher.toUsers(users, draft),
    revoke: (user) => control.issue({ action: "revoke", user, at: clock.now() }),
    drain,
    close: () => (closed ??= close()),
  };
}

function createActivity(open: ReadonlyMap<string, Open>) {
  const rooms = (name: string) => [...(open.get(name)?.namespace.adapter.rooms.keys() ?? [])];
  return {
    events: { in: 0, out: 0 },
    sockets: (name: string) => open.get(name)?.namespace.sockets.size ?? 0,
    rooms: () => rooms("/chat").filter((room) => room.startsWith("room:")).length,
  };
}

function limitsOf({ rate, maxRooms, maxFrameBytes, maxBufferBytes, historySize, inboxSize }: FilledOptions) {
  return {
    ratePerSec: rate.perSec,
    rateBurst: rate.burst,
    maxRooms,
    maxFrameBytes,
    maxBufferBytes,
    historySize,
    inboxSize,
  };
}

/** A revoked user's sockets are closed on every worker: each hears of the order. */
function closeRevoked(control: Control, open: ReadonlyMap<string, Open>): () => void {
  return control.listen((order) => {
    if (order.action !== "revoke") return;
    for (const { namespace } of open.values()) {
      for (const id of [...(namespace.adapter.rooms.get(`user:${order.user}`) ?? [])]) {
        namespace.sockets.get(id)?.data.session.close(new CarillonError("unauthorized"));
      }
    }
  });
}
