import type { Agent, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import type { Directory } from "./directory.ts";
import { type Failure, insisting } from "./failure.ts";
import { forwardRequest } from "./forward.ts";
import { ADDRESS_HEADER, addressOf } from "./headers.ts";
import type { Hops } from "./hop.ts";
import type { Owners, Route } from "./owners.ts";
import { openTunnel, STALL_MS } from "./tunnel.ts";

/** Engine.IO's own two doors. */
export interface Engine {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What is counted. */
export interface RoutingCounted {
  /** A request or an upgrade was handed to the worker that holds its session. */
  forwarded(by: Route["by"]): void;
  /** One was not: its id was not made by us, its worker is gone or cannot be reached, or its hop was not signed by us. */
  notForwarded(why: "forged" | "gone" | "unreachable" | "hop"): void;
}

export interface DispatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly agent: Agent;
  readonly owners: Owners;
  readonly directory: Directory;
  readonly hops: Hops | undefined;
  /** This worker's Engine.IO, which knows the sessions of no other. */
  readonly engine: Engine;
  readonly counted: RoutingCounted;
}

/** Where it comes from: what another host has handed on goes to no third one. */
export type Origin = "client" | "host";

/** Hands requests to the workers that hold their sessions. */
export interface Dispatch {
  request(request: IncomingMessage, response: ServerResponse, owner: string, from: Origin): Promise<void>;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, owner: string, from: Origin): Promise<void>;
  /** What ends each tunnel that stands, with the time at which it was opened. */
  readonly tunnels: ReadonlyMap<() => void, number>;
}

export function createDispatch(options: DispatchOptions): Dispatch {
  const { clock, agent, owners, directory, hops, engine, counted, logger } = options;
  const tunnels = new Map<() => void, number>();
  const watched = {
    opened: (cut: () => void) => void tunnels.set(cut, clock.now()),
    closed: (cut: () => void) => void tunnels.delete(cut),
  };

  /** What is said beside the client's own headers. */
  function headersTo(route: Route, request: IncomingMessage, owner: string): OutgoingHttpHeaders {
    const { method = "GET", url = "/" } = request;
    const address = addressOf(request);
    return route.by === "host" && hops ? hops.sign({ method, url, owner, address }) : { [ADDRESS_HEADER]: address };
  }

  /** `gone`: the session is over, as Engine.IO says it. `unreachable`: it may be there, and this request fails. */
  async function handOn(
    request: IncomingMessage,
    owner: string,
    from: Origin,
    attempt: (route: Route, headers: OutgoingHttpHeaders) => Promise<Failure | undefined>,
  ): Promise<"gone" | "unreachable" | undefined> {
    const route = await owners.find(owner, from === "client");
    if (!route) return "gone";
    const failure = await insisting(clock, () => attempt(route, headersTo(route, request, owner)));
    if (failure === undefined) {
      counted.forwarded(route.by);
      return undefined;
    }
    if (failure === "unreachable" || failure === "busy") return "unreachable";
    if (route.by === "host") return failure === "absent" ? "gone" : "unreachable";
    // A worker that was killed leaves its socket behind, and breaks off what it was answering.
    return (await directory.isAlive(owner)) ? "unreachable" : "gone";
  }

  /** Nobody waits for what comes of it: whatever goes wrong ends this one request. */
  async function handOnSafely(...args: Parameters<typeof handOn>): ReturnType<typeof handOn> {
    try {
      return await handOn(...args);
    } catch (error) {
      logger.error({ err: error }, "a request could not be handed on");
      return "unreachable";
    }
  }

  return {
    tunnels,
    async request(request, response, owner, from) {
      const outcome = await handOnSafely(request, owner, from, (route, headers) =>
        forwardRequest(request, response, route, { clock, agent, headers }),
      );
      if (!outcome) return;
      counted.notForwarded(outcome);
      if (outcome === "gone") engine.request(request, response);
      else refuse(response);
    },
    async upgrade(request, socket, head, owner, from) {
      // Until somebody takes it over: a client that goes away meanwhile must not end the process.
      socket.on("error", nothing);
      const outcome = await handOnSafely(request, owner, from, (route, headers) =>
        openTunnel(request, socket, head, route, { clock, stallMs: STALL_MS, headers, ...watched }),
      );
      if (!outcome) return;
      counted.notForwarded(outcome);
      if (outcome === "gone") engine.upgrade(request, socket, head);
      else refuseUpgrade(socket, 503);
    },
  };
}

/** For this one request; its client shakes hands anew. */
function refuse(response: ServerResponse): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(503, { "content-type": "application/json" });
  response.end(JSON.stringify({ message: "The session cannot be reached" }));
}

/** As Engine.IO does it: an upgrade has no response to write to. */
export function refuseUpgrade(socket: Duplex, status: 403 | 404 | 503): void {
  socket.on("error", nothing);
  if (socket.writable) socket.write(`HTTP/1.1 ${status} \r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroy();
}

function nothing(): void {}
