import {
  type Agent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
  type ServerResponse,
} from "node:http";
import { pipeline } from "node:stream";
import type { Clock } from "../../clock.ts";
import { CONNECT_MS, connectFailure, type Failure } from "./failure.ts";
import { endToEnd } from "./headers.ts";
import type { Route } from "./owners.ts";

export interface ForwardOptions {
  readonly clock: Clock;
  /** Has to keep connections alive. */
  readonly agent: Agent;
  /** Beside the client's. */
  readonly headers: OutgoingHttpHeaders;
}

/**
 * Hands a polling request on and its answer back, as a proxy does. Resolves when it is over, or with why nothing was answered: then the
 * response is still the caller's to give. Whichever side goes away takes the other one with it: a poll lives as long as its client.
 */
export function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  { clock, agent, headers }: ForwardOptions,
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    if (response.closed) return resolve(undefined);
    const { method = "GET", url = "/" } = request;
    let connected = false;
    const begin = () => {
      connected = true;
      callOff();
      if (hasBody(method)) request.pipe(upstream);
      else upstream.end();
    };
    const upstream = httpRequest({
      ...addressOf(route),
      agent,
      method,
      path: url,
      headers: headersOf(request, headers),
    });
    const giveUp = () => upstream.destroy();
    const callOff = clock.after(CONNECT_MS, giveUp);
    const settle = (failure?: Failure) => {
      callOff();
      response.off("close", giveUp);
      resolve(failure);
    };

    response.once("close", giveUp);
    upstream.once("socket", (socket) => {
      // Not before there is somebody to read it: an attempt that fails must leave the body to the next one.
      if (socket.connecting) socket.once("connect", begin);
      else begin();
    });
    upstream.on("error", (error) => {
      if (response.headersSent || response.closed) return settle();
      settle(connected ? "broken" : connectFailure(error));
    });
    upstream.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer));
      pipeline(answer, response, () => settle());
    });
  });
}

/** Engine.IO reads no other; and a body that nobody asked for could be taken for the next request. */
const hasBody = (method: string) => method === "POST";

/** Node frames a body by its length where that is known, and in chunks otherwise. */
function headersOf(request: IncomingMessage, added: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const { "content-length": length, ...headers } = endToEnd(request);
  const framing = hasBody(request.method ?? "") && length !== undefined && { "content-length": length };
  return { ...headers, ...framing, ...added };
}

function addressOf(route: Route) {
  return route.by === "socket" ? { socketPath: route.path } : { host: route.host, port: route.port };
}
