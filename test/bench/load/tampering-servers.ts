import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { type WebSocket, WebSocketServer } from "ws";
import { opened } from "../../kit/leaks.ts";
import type { Target } from "../peer.ts";

export interface Stock extends AsyncDisposable {
  readonly target: Target;
  readonly io: Server;
  /** Messages that were sent so far. */
  sent(): number;
  /** And of each user. */
  readonly sentBy: ReadonlyMap<string, number>;
}

export interface Tampering {
  /** Instead of writing a delivery to one client, once: `number` counts the messages, from 1. */
  deliver?(user: string, number: number, entry: object, socket: Socket): void;
  refuses?(number: number): boolean;
}

/** A stock Socket.IO application that speaks the wire. It asks for a sign of life all the time, and does not wait for it long. */
export async function startStock({ deliver = tell, refuses = () => false }: Tampering = {}): Promise<Stock> {
  const http = createServer();
  const io = new Server(http, { pingInterval: 50, pingTimeout: 1_000, serveClient: false });
  const chat = io.of("/chat");
  const sentBy = new Map<string, number>();
  let sent = 0;
  chat.on("connection", (socket) => {
    const id = String(socket.handshake.query["user"]);
    socket.on("room:join", ({ room }: { room: string }, ack: (reply: object) => void) => {
      void socket.join(room);
      ack({ ok: true, data: {} });
    });
    socket.on("message:send", (draft: { id: string; room: string; text: string }, ack: (reply: object) => void) => {
      const seq = ++sent;
      sentBy.set(id, (sentBy.get(id) ?? 0) + 1);
      if (refuses(seq)) return ack({ ok: false });
      const { room, text } = draft;
      const entry = { room, epoch: "-", seq, kind: "sent", id: draft.id, from: { id, name: id }, at: 0, text };
      for (const sid of chat.adapter.rooms.get(room) ?? []) {
        const listener = chat.sockets.get(sid);
        if (listener) deliver(String(listener.handshake.query["user"]), seq, entry, listener);
      }
      ack({ ok: true, data: { seq } });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const released = opened(io, "a stock server");
  return {
    target: { host: "127.0.0.1", port: (http.address() as AddressInfo).port },
    io,
    sent: () => sent,
    sentBy,
    async [Symbol.asyncDispose]() {
      await io.close();
      released();
    },
  };
}

function tell(_user: string, _number: number, entry: object, socket: Socket): void {
  socket.emit("message:sent", entry);
}

/** What is posted to `/pub/<room>` goes to the websockets on `/sub/<room>`, as it is. */
export async function startBoard(): Promise<AsyncDisposable & { readonly target: Target }> {
  const rooms = new Map<string, Set<WebSocket>>();
  const roomOf = (url = "") => {
    const name = url.slice("/pub/".length);
    const room = rooms.get(name) ?? new Set();
    rooms.set(name, room);
    return room;
  };
  const http = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part));
    request.once("end", () => {
      for (const listener of roomOf(request.url)) listener.send(body);
      response.writeHead(request.method === "POST" ? 202 : 405).end();
    });
  });
  const server = new WebSocketServer({ server: http });
  server.on("connection", (socket, { url }) => roomOf(url).add(socket));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const released = opened(http, "a board");
  return {
    target: { host: "127.0.0.1", port: (http.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => http.close(resolve));
      released();
    },
  };
}
