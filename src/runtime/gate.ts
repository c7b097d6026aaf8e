import type { IncomingMessage } from "node:http";
import proxyAddr from "proxy-addr";
import type { Clock } from "../clock.ts";
import { createBuckets, type Rate } from "../limits/bucket.ts";
import type { Logger } from "../logger.ts";

/** Which proxies' word is taken for a client's address, as Express's `trust proxy` has it. */
export type TrustProxy = number | readonly string[] | undefined;

export interface GateOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Origins beside the service's own, exactly as a browser sends them. */
  readonly allowedOrigins: readonly string[];
  /** Handshakes of one address. */
  readonly connects: Rate;
  readonly trustProxy?: TrustProxy;
}

/** Who may shake hands at all: asked before Engine.IO, for polling and websocket alike. */
export interface Gate {
  /** For the `allowRequest` of a Socket.IO server. */
  allowRequest(request: IncomingMessage, decide: (refusal: string | null, allowed: boolean) => void): void;
  /** Milliseconds until this address may come again; 0: now. Takes one of its tries. */
  throttle(request: IncomingMessage): number;
  /** The client's address, as far as the proxies in between are trusted. */
  addressOf(request: IncomingMessage): string;
}

export function createGate({ clock, logger, allowedOrigins, connects, trustProxy }: GateOptions): Gate {
  const origins = new Set(allowedOrigins);
  const bucketOf = createBuckets(connects, clock);
  const trust = compileTrust(trustProxy);
  let warned = false;

  /** Browsers send it with every websocket and every foreign poll; `cors` alone would not stop a websocket. */
  function isAllowedOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
    if (origin === undefined || origins.has(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }

  /** All clients of an unknown proxy have one address: a limit would be theirs together. */
  function isBehindUnknownProxy(request: IncomingMessage): boolean {
    if (trustProxy !== undefined || request.headers["x-forwarded-for"] === undefined) return false;
    if (!warned) logger.warn({}, "X-Forwarded-For without TRUST_PROXY: handshakes are not limited by address");
    warned = true;
    return true;
  }

  const addressOf = (request: IncomingMessage) => proxyAddr(request, trust);

  function throttle(request: IncomingMessage): number {
    if (connects.perSec === 0) return 0;
    return isBehindUnknownProxy(request) ? 0 : bucketOf(addressOf(request)).take();
  }

  return {
    addressOf,
    throttle,
    allowRequest(request, decide) {
      if (!isAllowedOrigin(request)) return decide("origin not allowed", false);
      if (throttle(request) > 0) return decide("too many handshakes", false);
      decide(null, true);
    },
  };
}

function compileTrust(trustProxy: TrustProxy): (address: string, hop: number) => boolean {
  if (trustProxy === undefined) return () => false;
  if (typeof trustProxy === "number") return (_, hop) => hop < trustProxy;
  return proxyAddr.compile([...trustProxy]);
}
