import { once } from "node:events";
import type { Server } from "node:http";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { Message } from "../message.ts";
import type { Page } from "../page.ts";
import { type Receive, type Way, HEARTBEAT_MS } from "../way.ts";

/** No library's envelope: a frame is a message. */
export const plainWebSocket: Way = {
  name: "Plain WebSocket",
  how: "one websocket (`ws`), a frame for each message",
  serve,
  connect,
};

function serve(http: Server, receive: Receive) {
  let client: WebSocket | undefined;
  new WebSocketServer({ server: http }).on("connection", (socket) => {
    client = socket;
    const beat = setInterval(() => socket.ping(), HEARTBEAT_MS);
    socket.on("close", () => clearInterval(beat));
    socket.on("message", (data) => receive(decode(data)));
  });
  return {
    send(message: Message) {
      if (!client) throw new Error("Nobody listens.");
      client.send(JSON.stringify(message));
    },
  };
}

async function connect(page: Page, receive: Receive, lost: (why: Error) => void) {
  const socket = new WebSocket(page.origin, { headers: page.headers.websocket });
  socket.on("message", (data) => receive(decode(data)));
  await once(socket, "open");
  socket.on("error", lost).on("close", () => lost(new Error("The websocket was closed.")));
  return { send: (message: Message) => socket.send(JSON.stringify(message)) };
}

// One fragment, as nothing else was asked for.
const decode = (data: RawData) => JSON.parse((data as Buffer).toString()) as Message;
