import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/** What authenticates a hop from another host. */
export const HOP_HEADER = "x-carillon-hop";

/** The client's address, as the worker that it is connected to sees it. */
export const ADDRESS_HEADER = "x-carillon-address";

/** RFC 9110, 7.6.1; and `expect`, which was answered before anything is handed on. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const PRIVATE: ReadonlySet<string> = new Set([HOP_HEADER, ADDRESS_HEADER]);

/** What a proxy hands on: nothing that is meant for the next connection alone, and nothing that only we may say. */
export function endToEnd(message: Pick<IncomingMessage, "headers" | "headersDistinct">): OutgoingHttpHeaders {
  const { headers, headersDistinct } = message;
  const named = new Set(headers.connection?.split(",").map((name) => name.trim().toLowerCase()));
  const kept: OutgoingHttpHeaders = Object.create(null);
  for (const [name, lines] of Object.entries(headersDistinct))
    if (!HOP_BY_HOP.has(name) && !PRIVATE.has(name) && !named.has(name)) kept[name] = lines;
  // Node takes but one of these, and throws at several.
  for (const name of ["host", "content-length"]) if (kept[name] !== undefined) kept[name] = headers[name];
  return kept;
}

/** The client's address: its own connection's, or what the worker said that has handed it on. */
export const addressOf = ({ socket }: IncomingMessage) => socket.remoteAddress ?? "";

/**
 * Makes a request that another worker has handed on look as it did there. Only for requests that came from a worker: anybody else
 * could claim any address. Its connection serves one request after the other, each with an address of its own.
 */
export function adopt(request: IncomingMessage): void {
  const { [ADDRESS_HEADER]: address } = request.headers;
  for (const name of PRIVATE) delete request.headers[name];
  const value = typeof address === "string" && isIP(address) !== 0 ? address : undefined;
  Object.defineProperty(request.socket, "remoteAddress", { value, configurable: true });
}
