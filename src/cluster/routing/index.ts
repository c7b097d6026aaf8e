import { Agent, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Server } from "socket.io";
import { type Clock, pause } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import { openDirectory } from "./directory.ts";
import { createDispatch, type Dispatch, type Engine, type RoutingCounted } from "./dispatch.ts";
import { createHops } from "./hop.ts";
import { createHostServer, createOwnServer, IDLE_MS, type Listener, listenAt, listenForHosts } from "./listener.ts";
import { createOwners, type KnownWorkers } from "./owners.ts";
import { sharedSecret } from "./secret.ts";
import { createSessionIds, type SessionIds, sessionIdIn } from "./session-id.ts";

export type { RoutingCounted } from "./dispatch.ts";
export type { KnownWorker, KnownWorkers } from "./owners.ts";

/**
 * A client whose websocket is cut in the middle of its upgrade polls no more, and does not connect again either, until it misses a ping: so a
 * tunnel is left alone for as long as an upgrade takes.
 */
const UPGRADE_MS = 1_500;

export interface RoutingOptions {
  /** Attached to its HTTP server, and with nobody on it yet. */
  readonly io: Server;
  /** This worker's boot id: 12 hex characters that no other worker has, or had. */
  readonly worker: string;
  /** Where the workers of this host leave their sockets. Made where it is not there; nobody else may look into it. */
  readonly directory: string;
  /** What session ids and hops are signed with; the same on every host. Without it, one that is kept in `directory`. */
  readonly secret?: string | undefined;
  /** `host:port` at which other hosts reach this one's workers. Needs `secret`. */
  readonly advertise?: string | undefined;
  /** The cluster's workers; without it, only those of this host are known. */
  readonly workers?: KnownWorkers | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counted: RoutingCounted;
  /** What `GET /readyz` at this worker's own socket says. */
  ready(): boolean;
}

/** Sessions that are found wherever a balancer sends their requests. */
export interface Routing {
  /**
   * Lets go of what is carried for other workers, evenly over `overMs`: their clients would otherwise all be cut in the moment in which this
   * process ends. From now on polls end with their connection, so that the next one goes to another worker. The worker's own
   * sessions go on.
   */
  drain(overMs: number): Promise<void>;
  /** Gives the Socket.IO server back as it was. What is under way has half a second. */
  close(): Promise<void>;
}

/**
 * Lets every worker serve every session: ids say which worker holds it, and whoever gets somebody else's request hands it on, over a
 * socket on this host or to another host. An id that names nobody is answered as Engine.IO answers one that it does not know, by Engine.IO.
 *
 * Resolves when other workers can reach this one; sessions begun before that stay where they are.
 * @throws Error where the directory or a port cannot be used
 */
export async function routeSessions(options: RoutingOptions): Promise<Routing> {
  const { io, worker, advertise, workers, clock } = options;
  if (advertise !== undefined && options.secret === undefined) throw new TypeError("`advertise` needs a `secret`");
  const directory = await openDirectory(options.directory, worker, clock);
  const secret = options.secret ?? (await sharedSecret(options.directory, worker));
  const ids = createSessionIds(secret, worker);
  const hops = createHops(secret, clock);
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  const owners = createOwners({ directory, clock, workers, advertise });
  const engine = engineOf(io);
  const dispatch = createDispatch({ ...options, agent, owners, directory, hops, engine });
  const doors = { ...options, engine, ids, hops, dispatch, isSession: sessionPathOf(io) };

  const listeners: Listener[] = [];
  let giveBack: (() => void) | undefined;
  async function close(): Promise<void> {
    giveBack?.();
    await directory.remove(worker);
    await Promise.all(listeners.map((listener) => listener.close()));
    agent.destroy();
    for (const cut of dispatch.tunnels.keys()) cut();
  }

  try {
    listeners.push(await listenAt(createOwnServer(doors), directory.draft, options));
    if (advertise !== undefined) listeners.push(await listenForHosts(createHostServer(doors), advertise, options));
    await directory.publish();
  } catch (error) {
    await close();
    throw error;
  }
  const state = { draining: false };
  giveBack = intercept(io, { ...doors, state });

  return {
    drain(overMs) {
      state.draining = true;
      return cutSpread(dispatch.tunnels, overMs, clock);
    },
    close,
  };
}

async function cutSpread(tunnels: ReadonlyMap<() => void, number>, overMs: number, clock: Clock): Promise<void> {
  const waits = [...tunnels].map(async ([cut, openedAt], index) => {
    const upgradedAt = openedAt + UPGRADE_MS;
    await pause(clock, Math.max((index * overMs) / tunnels.size, upgradedAt - clock.now()));
    cut();
  });
  await Promise.all(waits);
}

/** Engine.IO's doors as they are now, whatever stands before them later. */
function engineOf({ engine }: Server): Engine {
  const { handleRequest, handleUpgrade } = engine;
  return {
    request: (request, response) => handleRequest.call(engine, request, response),
    upgrade: (request, socket, head) => handleUpgrade.call(engine, request, socket, head),
  };
}

/** The prefix by which Engine.IO knows its requests. */
function sessionPathOf(io: Server): (url: string) => boolean {
  const { _opts: options } = io;
  const path = io.path() + (options.addTrailingSlash === false ? "" : "/");
  return (url) => url.startsWith(path);
}

interface Interception {
  readonly ids: SessionIds;
  readonly worker: string;
  readonly dispatch: Dispatch;
  readonly engine: Engine;
  readonly counted: RoutingCounted;
  readonly state: { readonly draining: boolean };
}

/**
 * Stands before Engine.IO's doors rather than the HTTP server's listeners: those decide as ever what is Engine.IO's, on however many
 * servers, and whoever takes listeners off and puts them back is not in our way. Neither its middlewares nor `allowRequest` see
 * what is handed on: they do where it is handed to.
 */
function intercept(
  { engine: door }: Server,
  { ids, worker, dispatch, engine, counted, state }: Interception,
): () => void {
  /** The worker that a request has to go to; nothing where Engine.IO shall answer it here. */
  function elsewhere({ url = "" }: IncomingMessage): string | undefined {
    const sessionId = sessionIdIn(url);
    if (!sessionId || sessionId.startsWith(worker)) return undefined;
    const owner = ids.ownerOf(sessionId);
    if (owner === undefined) counted.notForwarded("forged");
    return owner;
  }

  return override(door, {
    // Not async: between an answer and the client's next step, Engine.IO must know the session already.
    generateId: () => ids.create(),
    handleRequest(request: IncomingMessage, response: ServerResponse) {
      if (state.draining) response.shouldKeepAlive = false;
      const owner = elsewhere(request);
      if (owner === undefined) engine.request(request, response);
      else void dispatch.request(request, response, owner, "client");
    },
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
      const owner = elsewhere(request);
      if (owner === undefined) engine.upgrade(request, socket, head);
      else void dispatch.upgrade(request, socket, head, owner, "client");
    },
  });
}

/** Puts methods of our own before an object's; the returned function takes them off again. */
function override<T extends object>(target: T, methods: Partial<T>): () => void {
  const before = Object.entries(methods).map(
    ([name]) => [name, Object.getOwnPropertyDescriptor(target, name)] as const,
  );
  Object.assign(target, methods);
  return () => {
    for (const [name, own] of before) {
      if (own) Object.defineProperty(target, name, own);
      else Reflect.deleteProperty(target, name);
    }
  };
}
