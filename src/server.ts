import { randomBytes } from "node:crypto";
import type { Router } from "express";
import type { Namespace, Server } from "socket.io";
import { attach } from "./attach.ts";
import { createAuth } from "./auth/index.ts";
import { type Backend, memoryBackend } from "./backend.ts";
import { clusterBackend } from "./cluster/index.ts";
import { routeSessions, type Routing } from "./cluster/routing/index.ts";
import { drainConnections } from "./drain.ts";
import { createHttp } from "./http/index.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { type Context, namespaces } from "./namespaces/index.ts";
import { createPublisher, type NotificationDraft, type Published } from "./namespaces/notify/publish.ts";
import { closeRevoked, createRequest, type Open, openNamespaces, sendAway } from "./open-namespaces.ts";
import { type CarillonOptions, type FilledOptions, withDefaults } from "./options.ts";
import { createActivity } from "./runtime/activity.ts";
import type { User } from "./runtime/caller.ts";
import { Connections } from "./runtime/connection.ts";
import { forgetNamespace } from "./runtime/socket-io.ts";
import { openFanOut } from "./runtime/fan-out/index.ts";
import { createGate } from "./runtime/gate.ts";
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
  /**
   * Resolves when the port may be opened: from then on other workers can hand over what is this one's.
   * @throws Error where `routing` cannot do what it was told to
   */
  readonly opened: Promise<void>;
  /** Resolves when it can serve for the first time: over Redis, once that was reached. */
  readonly ready: Promise<void>;
  /** Whether it may take traffic now, as `/readyz` says. */
  isReady(): boolean;
  /** Makes a request for a user, by the same contract and handler as a socket's. @throws CarillonError */
  request(user: User, name: string, input: unknown): Promise<unknown>;
  /** Puts a notification into the inboxes of users. @throws CarillonError */
  publish(users: readonly string[], draft: NotificationDraft): Promise<Published[]>;
  /** Closes a user's sockets and refuses the tokens issued until now. */
  revoke(user: string): Promise<void>;
  /** Lets nobody in any more and sends everybody away, spread over `drainMs`. */
  drain(): Promise<void>;
  /**
   * Ends Carillon's own part of the server, and leaves the host's alone. On a host's own Socket.IO server there are no such namespaces then,
   * and a stock client that is told so never asks again: where that server ends as well, close it first, after `drain`.
   */
  close(): Promise<void>;
}

/** Puts Carillon to work on a Socket.IO or an HTTP server. @throws TypeError without one, or with options that contradict each other. */
export function createCarillon(given: CarillonOptions): Carillon {
  const options = withDefaults(given);
  const { clock, logger, drainMs, maxBufferBytes } = options;
  const gate = createGate(options);
  const open = new Map<string, Open>();
  const activity = createActivity((name) => open.get(name)?.namespace);
  const metrics = createMetrics(
    activity,
    namespaces.map(({ contract }) => contract.name),
  );
  const worker = randomBytes(6).toString("hex");
  const backend = openBackend(options, worker, metrics);
  const { stores } = backend;
  const auth = createAuth(options, () => backend.guestKey());
  const { io, owned, detach } = attach(options, gate);
  const connections = new Connections(io, {
    clock,
    logger,
    maxBufferBytes,
    slow: metrics.slow,
    sent: () => activity.events.out++,
  });
  const context: Context = {
    ...options,
    ...stores,
    ...(backend.fleet && { fleet: backend.fleet }),
    activity,
    worker,
    counted: metrics,
  };
  const state = { draining: false };
  const closedFor = () => (state.draining ? "draining" : backend.knowsOrders() ? undefined : "unavailable");

  const fanOut = openFanOut(io, { ...options, sent: (packets) => (activity.events.out += packets) });

  const serving = {
    ...metrics,
    ...options,
    ...stores,
    connections,
    authenticate: auth.authenticate,
    forgetsTokens: owned && !options.authenticate,
    limits: limitsOf(options),
    server: { version: VERSION, worker },
    closedFor,
    received: () => activity.events.in++,
  };
  openNamespaces(open, { io, backend, fanOut, context, options, serving });
  const isReady = () => closedFor() === undefined && backend.isReady();
  const routing = openRouting(options, { io, worker, backend, metrics, isReady });
  // Whoever does not wait for it is told by the log, and is served all the same, but for sessions that a balancer takes elsewhere.
  const routed = routing.catch((error: unknown) => {
    logger.error({ err: error }, "sessions cannot be handed on to the workers that hold them");
    return undefined;
  });
  const opened = routing.then(() => {});
  opened.catch(() => {});
  const stopRevoking = closeRevoked(stores.control, open);
  const publisher = createPublisher(context);
  backend.receive(publisher);
  const request = createRequest(open);
  const house = {
    ...options,
    ...auth,
    control: stores.control,
    metrics: backend.metrics,
    gate,
    publisher,
    request,
    closedFor,
    isReady,
  };

  async function drain(): Promise<void> {
    state.draining = true;
    const left = [...open.values()].map(({ namespace }) => namespace);
    const routes = await routed;
    await Promise.all([drainConnections(left, connections, { clock, drainMs }), routes?.drain(drainMs)]);
  }

  const close = once(async () => {
    state.draining = true;
    stopRevoking();
    for (const { namespace, served } of [...open.values()].toReversed()) {
      sendAway(namespace, connections, owned);
      await served.close();
      // The host's server goes on: the next Carillon on it would be guarded by this one too.
      if (!owned) forgetNamespace(io, namespace.name);
    }
    connections.close();
    await (await routed)?.close();
    // Our own is closed with its namespaces in it: whoever still comes is sent away by their guards, to come back elsewhere. "There is no such
    // namespace" would be the last that a stock client asks.
    await detach();
    await backend.close();
  });

  return {
    io,
    router: createHttp(house),
    chat: open.get("/chat")?.namespace,
    notify: open.get("/notify")?.namespace,
    monitor: open.get("/monitor")?.namespace,
    opened,
    ready: routed.then(() => backend.ready),
    isReady,
    request,
    publish: (users, draft) => publisher.toUsers(users, draft),
    revoke: (user) => stores.control.issue({ action: "revoke", user, at: clock.now() }),
    drain,
    close,
  };
}

function openBackend(options: FilledOptions, worker: string, metrics: Metrics): Backend {
  if (!options.redis) return memoryBackend(options, () => metrics.text());
  return clusterBackend({ ...options, redis: options.redis, worker, metrics });
}

interface RoutingParts {
  readonly io: Server;
  readonly worker: string;
  readonly backend: Backend;
  readonly metrics: Metrics;
  isReady(): boolean;
}

async function openRouting(
  { routing, clock, logger }: FilledOptions,
  { io, worker, backend, metrics, isReady }: RoutingParts,
): Promise<Routing | undefined> {
  if (!routing) return undefined;
  const { workers } = backend;
  return routeSessions({ ...routing, io, worker, workers, clock, logger, counted: metrics, ready: isReady });
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

function once<T extends object>(act: () => T): () => T {
  let done: T | undefined;
  return () => (done ??= act());
}
