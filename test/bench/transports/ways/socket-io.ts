import type { Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import { io, type ManagerOptions, NodeXHR } from "socket.io-client";
import type { Message } from "../message.ts";
import type { Page } from "../page.ts";
import type { Receive, Way } from "../way.ts";

const EVENT = "message";

export const socketIoPolling: Way = {
  name: "Socket.IO, polling only",
  how: "Engine.IO's long polling; what waits for an answer goes with the next request",
  serve,
  connect: (page, receive, lost) => connect(page, pollingOf(page), receive, lost),
};

export const socketIoWebSocket: Way = {
  name: "Socket.IO, websocket only",
  how: "one websocket, a frame for each packet",
  serve,
  connect: (page, receive, lost) =>
    connect(page, { transports: ["websocket"], extraHeaders: { ...page.headers.websocket } }, receive, lost),
};

function serve(http: HttpServer, receive: Receive) {
  // Polling's answers of more than 1 KiB would be compressed by default: nothing is, here.
  const server = new Server(http, { httpCompression: false, serveClient: false });
  server.on("connection", (socket) => socket.on(EVENT, receive));
  return {
    send(message: Message) {
      const [socket] = server.sockets.sockets.values();
      if (!socket) throw new Error("Nobody listens.");
      socket.emit(EVENT, message);
    },
  };
}

/** In Node the stock client opens a connection for each request, and sends the same headers with all: a browser does neither. */
function pollingOf({ agent, headers }: Page): Partial<ManagerOptions> {
  class BrowserXhr extends NodeXHR {
    override request(options: { readonly method?: string } = {}) {
      const { "Content-Type": _, ...post } = headers.post;
      this.opts.extraHeaders = options.method === "POST" ? post : { ...headers.get };
      return super.request(options);
    }
  }
  // It is handed to `http.request` as it is; the type is that of other platforms.
  return { transports: [BrowserXhr], agent: agent as unknown as string };
}

async function connect(page: Page, options: Partial<ManagerOptions>, receive: Receive, lost: (why: Error) => void) {
  const socket = io(page.origin, { ...options, reconnection: false, forceNew: true });
  socket.on(EVENT, receive);
  await Promise.race([
    new Promise<void>((resolve) => socket.once("connect", resolve)),
    new Promise<never>((_resolve, reject) => socket.once("connect_error", reject)),
  ]);
  socket.on("disconnect", (reason) => lost(new Error(`Disconnected: ${reason}`)));
  return { send: (message: Message) => void socket.emit(EVENT, message) };
}
