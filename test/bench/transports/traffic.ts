import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/** What went over the server's TCP connections in some time. Up is from the client to the server. */
export interface Traffic {
  /** HTTP requests, those that asked for a websocket among them. */
  readonly requests: number;
  /** TCP connections that carried anything. */
  readonly connections: number;
  /** As the sockets count them: with all headers of HTTP and of websocket frames, without those of TCP and IP. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** The part of `bytesUp` that is request lines and request headers. */
  readonly headerBytesUp: number;
}

interface Carried {
  up: number;
  down: number;
}

/**
 * Counts from now on. To be called when whatever else listens for requests does so already: Engine.IO would call a listener that was
 * there before it only for requests that are not its own.
 *
 * @returns what went since the last call
 */
export function countTraffic(http: Server): () => Traffic {
  const counted = new Map<Socket, Carried>();
  let requests = 0;
  let headerBytesUp = 0;
  http.prependListener("connection", (socket: Socket) => void counted.set(socket, { up: 0, down: 0 }));
  const note = (request: IncomingMessage) => {
    requests++;
    headerBytesUp += headerBytes(request);
  };
  http.prependListener("request", note);
  // Asking for upgrades tells Node not to answer them as requests: where nobody takes them, nobody asks for one.
  if (http.listenerCount("upgrade") > 0) http.prependListener("upgrade", note);

  return () => {
    const traffic = { requests, connections: 0, bytesUp: 0, bytesDown: 0, headerBytesUp };
    requests = headerBytesUp = 0;
    for (const [socket, before] of counted) {
      const { bytesRead: up, bytesWritten: down } = socket;
      if (up > before.up || down > before.down) traffic.connections++;
      traffic.bytesUp += up - before.up;
      traffic.bytesDown += down - before.down;
      if (socket.destroyed) counted.delete(socket);
      else counted.set(socket, { up, down });
    }
    return traffic;
  };
}

function headerBytes({ method, url, rawHeaders }: IncomingMessage): number {
  const separators = rawHeaders.length * 2;
  const line = `${method} ${url} HTTP/1.1\r\n`.length;
  return line + rawHeaders.reduce((sum, text) => sum + text.length, separators) + "\r\n".length;
}
