import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { connect, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../clock.ts";
import { CONNECT_MS, connectFailure, type Failure } from "./failure.ts";
import { endToEnd } from "./headers.ts";
import type { Route } from "./owners.ts";

/** How long one end may go on once the other has finished or is gone: for what was written to it, and for its own last words. */
const LINGER_MS = 5_000;

/**
 * An end that takes nothing for so long, though something waits for it, is gone for our purposes: Engine.IO's pings (45 s by default) have
 * given it up before. A connection that is not read does not tell either whether its other end is still there.
 */
export const STALL_MS = 60_000;

/** The other host is asked whether it is still there, where nothing is said for so long. */
const KEEP_ALIVE_MS = 30_000;

export interface TunnelOptions {
  readonly clock: Clock;
  /** `STALL_MS`, but for tests. */
  readonly stallMs: number;
  /** Beside the client's. */
  readonly headers: OutgoingHttpHeaders;
  /** It stands; `cut` ends it. */
  opened(cut: () => void): void;
  closed(cut: () => void): void;
}

/**
 * Hands an upgrade on, and from then on bytes, both ways. Resolves when it stands, or with why it does not: then nothing was read from the
 * client, nor written to it. Each end that says it has no more to say says so to the other; one that is gone takes the other with it.
 */
export function openTunnel(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  route: Route,
  options: TunnelOptions,
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    if (client.destroyed) return resolve(undefined);
    // `allowHalfOpen` as connections to an HTTP server have it: an end of one direction is not the end of both.
    const upstream = connect({ ...(route.by === "socket" ? { path: route.path } : route), allowHalfOpen: true });
    const giveUp = () => upstream.destroy();
    const callOff = options.clock.after(CONNECT_MS, giveUp);
    let failure: Failure = "unreachable";
    const failed = () => {
      callOff();
      client.off("close", giveUp);
      resolve(client.destroyed ? undefined : failure);
    };
    client.once("close", giveUp);
    upstream.on("error", (error) => (failure = connectFailure(error)));
    upstream.once("close", failed);
    upstream.once("connect", () => {
      callOff();
      client.off("close", giveUp);
      upstream.off("close", failed);
      upstream.write(requestHead(request, options.headers), "latin1");
      if (head.length > 0) upstream.write(head);
      join(client, upstream, options);
      resolve(undefined);
    });
  });
}

function join(client: Duplex, upstream: Socket, { clock, stallMs, opened, closed }: TunnelOptions): void {
  let callOff: (() => void) | undefined;
  let left = 2;
  const cut = () => {
    client.destroy();
    upstream.destroy();
  };
  const linger = () => void (callOff ??= clock.after(LINGER_MS, cut));
  for (const end of [client, upstream]) {
    if (!(end instanceof Socket)) continue;
    end.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    // Starts anew with every byte that comes or goes; a quiet websocket may be so for ever.
    end.setTimeout(stallMs, () => end.writableLength > 0 && cut());
  }
  for (const [end, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    end.on("error", cut);
    // A connection that was closed says no more than one that was finished, until something is written to it.
    end.once("end", linger);
    end.once("close", () => {
      left--;
      linger();
      // What it still says, nobody hears; unread it would never come to its end.
      other.end();
      other.resume();
      if (left > 0) return;
      callOff?.();
      closed(cut);
    });
    end.pipe(other);
  }
  opened(cut);
}

/** Written anew, so that it is an upgrade to whoever reads it, whatever else the client has put into it. */
function requestHead(request: IncomingMessage, added: OutgoingHttpHeaders): string {
  const { "content-length": _, ...headers } = endToEnd(request);
  const all = { ...headers, connection: "Upgrade", upgrade: request.headers.upgrade, ...added };
  const lines = Object.entries(all).flatMap(([name, value]) => [value ?? []].flat().map((each) => `${name}: ${each}`));
  return [`${request.method} ${request.url} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}
