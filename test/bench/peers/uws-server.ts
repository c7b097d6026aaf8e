import { loadPackage } from "./program.ts";
import { announce } from "./serve.ts";
import { UWS } from "./uws-binary.ts";

// A chat on topics of uWebSockets.js: whoever joins a room subscribes to it, and the addon does the fan-out.

const { HOST = "", PORT = "" } = process.env;

/** As long as Carillon's. */
const EPOCH = "plain-plain1";

/** Carillon's `MAX_BUFFER_BYTES`: by default, a client that has 64 KiB before it loses messages. */
const MAX_BUFFER_BYTES = 2 ** 20;

interface User {
  readonly user: string;
}

interface Socket {
  getUserData(): User;
  subscribe(topic: string): boolean;
  send(text: string): number;
}

interface UpgradeRequest {
  getQuery(key: string): string | undefined;
  getHeader(name: string): string;
}

interface UpgradeResponse {
  upgrade(user: User, key: string, protocol: string, extensions: string, context: unknown): void;
}

interface App {
  ws(
    pattern: string,
    behavior: {
      maxBackpressure: number;
      upgrade(response: UpgradeResponse, request: UpgradeRequest, context: unknown): void;
      message(socket: Socket, message: ArrayBuffer): void;
    },
  ): App;
  publish(topic: string, text: string): boolean;
  listen(host: string, port: number, listening: (socket: unknown) => void): App;
}

type Request = { readonly ack: number } & (
  { readonly join: string } | { readonly send: string; readonly id: string; readonly text: string }
);

const { App } = loadPackage(UWS) as { App(): App };
const app = App();
let sent = 0;

app.ws("/*", {
  maxBackpressure: MAX_BUFFER_BYTES,
  upgrade(response, request, context) {
    const user = decodeURIComponent(request.getQuery("user") ?? "");
    const header = (name: string) => request.getHeader(`sec-websocket-${name}`);
    response.upgrade({ user }, header("key"), header("protocol"), header("extensions"), context);
  },
  message(socket, message) {
    const request = JSON.parse(Buffer.from(message).toString()) as Request;
    if ("join" in request) socket.subscribe(request.join);
    else {
      const { user } = socket.getUserData();
      const { send: room, id, text } = request;
      const from = { id: user, name: user };
      const entry = { room, epoch: EPOCH, seq: ++sent, kind: "sent", id, from, at: Date.now(), text };
      app.publish(room, JSON.stringify({ message: entry }));
    }
    socket.send(JSON.stringify({ ack: request.ack, ok: true }));
  },
});

app.listen(HOST, Number(PORT), (socket) => {
  if (!socket) throw new Error(`It cannot listen on ${HOST}:${PORT}`);
  announce();
});
