import { createServer, type IncomingMessage } from "node:http";
import { Redis } from "ioredis";
import { type WebSocket, WebSocketServer } from "ws";
import { serve } from "./serve.ts";

// A chat on nothing but `ws`: a set of websockets for each room and, with Redis, a channel for each room that somebody here is in.

const { REDIS_URL } = process.env;

/** As long as Carillon's, with Redis and without. */
const EPOCH = REDIS_URL ? "1700000000000-plain123" : "plain-plain1";

type Request = { readonly ack: number } & (
  { readonly join: string } | { readonly send: string; readonly id: string; readonly text: string }
);

interface Room {
  readonly members: Set<WebSocket>;
  /** From then on, it is told all that is published. */
  readonly heard: Promise<unknown>;
}

const connect = (url: string) => new Redis(url).on("error", console.error);

const redis = REDIS_URL ? { publisher: connect(REDIS_URL), subscriber: connect(REDIS_URL) } : undefined;
const rooms = new Map<string, Room>();
let sent = 0;

redis?.subscriber.on("messageBuffer", (channel: Buffer, frame: Buffer) => deliver(channel.toString(), frame));

function deliver(name: string, frame: Buffer): void {
  for (const member of rooms.get(name)?.members ?? []) member.send(frame, { binary: false });
}

function enter(name: string, socket: WebSocket): Promise<unknown> {
  let room = rooms.get(name);
  if (!room) {
    room = { members: new Set(), heard: redis?.subscriber.subscribe(name) ?? Promise.resolve() };
    rooms.set(name, room);
  }
  room.members.add(socket);
  return room.heard;
}

function leave(name: string, socket: WebSocket): void {
  const room = rooms.get(name);
  if (!room?.members.delete(socket) || room.members.size > 0) return;
  rooms.delete(name);
  redis?.subscriber.unsubscribe(name).catch(console.error);
}

function send(name: string, frame: Buffer): Promise<unknown> | void {
  if (redis) return redis.publisher.publish(name, frame);
  deliver(name, frame);
}

const http = createServer();
const server = new WebSocketServer({ server: http });

server.on("connection", (socket: WebSocket, { url = "" }: IncomingMessage) => {
  const user = new URL(url, "ws://localhost").searchParams.get("user") ?? "";
  const from = { id: user, name: user };
  const joined = new Set<string>();
  const answer = (ack: number, ok: boolean) => socket.send(JSON.stringify({ ack, ok }));
  const answerAfter = (ack: number, done: Promise<unknown> | void) => {
    if (!done) return answer(ack, true);
    done.then(
      () => answer(ack, true),
      () => answer(ack, false),
    );
  };
  socket.on("message", (data: Buffer) => {
    const request = JSON.parse(data.toString()) as Request;
    if ("join" in request) {
      joined.add(request.join);
      return answerAfter(request.ack, enter(request.join, socket));
    }
    const { send: room, id, text } = request;
    const entry = { room, epoch: EPOCH, seq: ++sent, kind: "sent", id, from, at: Date.now(), text };
    answerAfter(request.ack, send(room, Buffer.from(JSON.stringify({ message: entry }))));
  });
  socket.on("error", console.error);
  socket.on("close", () => joined.forEach((name) => leave(name, socket)));
});

serve(http);
