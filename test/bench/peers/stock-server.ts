import { createServer } from "node:http";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server, type ServerOptions, type Socket } from "socket.io";
import { loadPackage } from "./program.ts";
import { serve } from "./serve.ts";

// A chat as the documentation of Socket.IO and of its adapters has one written, with the requests and events of Carillon's `/chat`.

const { ADAPTER = "memory", STORE, ECHO, REDIS_URL = "" } = process.env;

/** As long as Carillon's, with Redis and without, as the fields of an entry are Carillon's: payloads are of the same size. */
const EPOCH = REDIS_URL === "" ? "stock-stock1" : "1700000000000-stock123";
const KEPT = 1000;

interface Entry {
  readonly room: string;
  readonly epoch: string;
  readonly seq: number;
  readonly kind: "sent";
  readonly id: string;
  readonly from: object;
  readonly at: number;
  readonly text: string;
}

interface Draft {
  readonly id: string;
  readonly room: string;
  readonly text: string;
}

type Ack = (answer: { ok: boolean; data?: object }) => void;

const clients: Redis[] = [];

function connect(): Redis {
  const client = new Redis(REDIS_URL);
  client.on("error", console.error);
  clients.push(client);
  return client;
}

async function optionsOf(adapter: string): Promise<Partial<ServerOptions>> {
  switch (adapter) {
    case "classic": {
      const [publisher, subscriber] = [connect(), connect()];
      return { adapter: createAdapter(publisher, subscriber) };
    }
    case "sharded": {
      const [publisher, subscriber] = [connect(), connect()];
      return { adapter: createShardedAdapter(publisher, subscriber, { subscriptionMode: "dynamic" }) };
    }
    case "streams": {
      const streams = loadPackage("@socket.io/redis-streams-adapter") as {
        createAdapter(client: Redis): NonNullable<ServerOptions["adapter"]>;
      };
      return {
        adapter: streams.createAdapter(connect()),
        connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: true },
      };
    }
    default:
      return {};
  }
}

const http = createServer();
const io = new Server(http, await optionsOf(ADAPTER));
const chat = io.of("/chat");
const store = STORE ? connect() : undefined;
let sent = 0;

function tell(entry: Entry, ack: Ack): void {
  const { room, epoch, seq, at } = entry;
  chat.to(room).emit("message:sent", entry);
  ack({ ok: true, data: { epoch, seq, at, duplicate: false } });
}

function send(from: object, { id, room, text }: Draft, ack: Ack): void {
  tell({ room, epoch: EPOCH, seq: ++sent, kind: "sent", id, from, at: Date.now(), text }, ack);
}

async function storeAndSend(redis: Redis, from: object, { id, room, text }: Draft, ack: Ack): Promise<void> {
  const message = JSON.stringify({ id, from, text });
  try {
    const position = await redis.xadd(`room:${room}`, "MAXLEN", "~", KEPT, "*", "message", message);
    // `<milliseconds>-<how many before it in the same>`
    const [at = 0, seq = 0] = (position ?? "").split("-").map(Number);
    tell({ room, epoch: EPOCH, seq, kind: "sent", id, from, at, text }, ack);
  } catch {
    ack({ ok: false });
  }
}

const echo = (_input: object, ack: Ack) => ack({ ok: true, data: {} });

chat.on("connection", (socket: Socket) => {
  const user = String(socket.handshake.query["user"]);
  const from = { id: user, name: user };
  socket.on("room:join", ({ room }: { room: string }, ack: Ack) => {
    void socket.join(room);
    ack({ ok: true, data: { room } });
  });
  if (ECHO) for (const request of ["typing:set", "message:send"]) socket.on(request, echo);
  else if (store) socket.on("message:send", (draft: Draft, ack: Ack) => void storeAndSend(store, from, draft, ack));
  else socket.on("message:send", (draft: Draft, ack: Ack) => send(from, draft, ack));
});

// Behind what the adapter has asked for on the same connections, so that subscriptions stand by then.
await Promise.all(clients.map((client) => client.ping()));
serve(http);
