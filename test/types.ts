// Nothing here is run: `npm run types` fails where a line that must not compile does, and the other way round.
import type { Server, Socket } from "socket.io";
import type { Socket as ClientSocket } from "socket.io-client";
import { z } from "zod";
import type { Channel, Connection, ErrorCode, Live, RequestError, RoomChange } from "../client/index.ts";
import { monitor as monitorPart, notify as notifyPart } from "../client/index.ts";
import type { chat, ClientToServer, monitor, notify, ServerToClient } from "../src/index.ts";
import { defineContract, type Input, type Payload, type ReplyData } from "../src/protocol/contract.ts";
import { type Handlers, implement, ReplyThen, type Running } from "../src/runtime/implement.ts";

const door = defineContract({
  name: "/door",
  docs: "A contract of a namespace, as anybody may write one.",
  requests: {
    "door:open": { docs: "Open it.", input: z.object({ wide: z.boolean() }), reply: z.object({ at: z.number() }) },
    "door:watch": { docs: "See it.", input: z.object({}), reply: z.object({}), socket: true },
  },
  events: { "door:opened": { docs: "It is open.", payload: z.object({ at: z.number() }) } },
});
type Door = typeof door;

const open: Handlers<Door>["door:open"] = ({ wide }) => ({ at: wide ? 1 : 2 });
const watch: Handlers<Door>["door:watch"] = (_input, { socket, user }) => {
  socket.emit("door:opened", { at: user.id.length });
  return {};
};

/** Handlers in groups, as the namespaces write them. */
const opening = (): Pick<Handlers<Door>, "door:open"> => ({ "door:open": open });
const watching = (): Pick<Handlers<Door>, "door:watch"> => ({ "door:watch": watch });
const slamming = () => ({ "door:slam": () => ({}) });

export const complete = [
  implement(door, () => ({ handlers: { "door:open": open, "door:watch": watch } })),
  implement(door, () => ({ handlers: { ...opening(), ...watching() } })),
  implement(door, () => ({ handlers: { ...opening(), "door:watch": async () => new ReplyThen({}, () => {}) } })),
  implement(door, (_context: { clock: number }, namespace) => ({
    handlers: { ...opening(), ...watching() },
    connected: (socket, user) => void namespace.to(socket.id).emit("door:opened", { at: user.roles.length }),
  })),
];

export const missing = [
  // @ts-expect-error: there is no handler of door:watch
  implement(door, () => ({ handlers: { "door:open": open } })),
  // @ts-expect-error: nor is there in the groups
  implement(door, () => ({ handlers: { ...opening() } })),
  // @ts-expect-error: nothing of a namespace is running without handlers
  implement(door, () => ({})),
];

export const extra = [
  // @ts-expect-error: the contract has no door:slam
  implement(door, () => ({ handlers: { ...opening(), ...watching(), "door:slam": () => ({}) } })),
  // @ts-expect-error: nor where it is spread in
  implement(door, () => ({ handlers: { ...opening(), ...watching(), ...slamming() } })),
  // @ts-expect-error: token:refresh is the runtime's
  implement(door, () => ({ handlers: { ...opening(), ...watching(), "token:refresh": () => ({}) } })),
  // @ts-expect-error: nor where the type is written out
  implement(door, (): Running<Door> => ({ handlers: { ...opening(), ...watching(), "door:slam": () => ({}) } })),
];
// @ts-expect-error: a group has what it is said to have
export const group = (): Pick<Handlers<Door>, "door:open"> => ({ "door:open": open, "door:slam": open });

export const illTyped = [
  // @ts-expect-error: the reply is another
  implement(door, () => ({ handlers: { ...watching(), "door:open": () => ({ at: "noon" }) } })),
  // @ts-expect-error: there is no reply
  implement(door, () => ({ handlers: { ...watching(), "door:open": () => {} } })),
  // @ts-expect-error: the reply that comes later is another
  implement(door, () => ({ handlers: { ...watching(), "door:open": async () => ({}) } })),
  // @ts-expect-error: so is the one with something after it
  implement(door, () => ({ handlers: { ...watching(), "door:open": () => new ReplyThen({}, () => {}) } })),
  // @ts-expect-error: the input has no such field
  implement(door, () => ({ handlers: { ...watching(), "door:open": ({ narrow }) => ({ at: Number(narrow) }) } })),
  // @ts-expect-error: door:open may be asked for without a socket
  implement(door, () => ({ handlers: { ...watching(), "door:open": (_, { socket }) => ({ at: socket.rooms.size }) } })),
];

type ChatClient = ClientSocket<ServerToClient<typeof chat>, ClientToServer<typeof chat>>;

export async function asClient(socket: ChatClient): Promise<number> {
  socket.on("message:sent", ({ seq, from }) => seq + from.id.length);
  // @ts-expect-error: there is no such event
  socket.on("message:send", () => {});
  // @ts-expect-error: nor has it this field
  socket.on("message:sent", ({ sequence }) => sequence);
  // @ts-expect-error: there is no such request
  socket.emit("message:sent", {}, () => {});
  // @ts-expect-error: text is missing
  socket.emit("message:send", { id: "message-1", room: "lobby" }, () => {});
  const ack = await socket.emitWithAck("message:send", { id: "message-1", room: "lobby", text: "hi" });
  // @ts-expect-error: there is only data when it is ok
  if (!ack.ok) return ack.data.seq;
  return ack.data.seq;
}

export function asServer(
  io: Server<ClientToServer<typeof notify>, ServerToClient<typeof notify>>,
  socket: Socket<ClientToServer<typeof monitor>, ServerToClient<typeof monitor>>,
): void {
  io.emit("notification:changed", { epoch: "e", seq: 1, unread: 0 });
  // @ts-expect-error: unread is missing
  io.emit("notification:changed", { epoch: "e", seq: 1 });
  socket.on("alert:list", (_input, ack) => ack({ ok: true, data: { alerts: [] } }));
  // @ts-expect-error: the ack is of another form
  socket.on("alert:list", (_input, ack) => ack({ alerts: [] }));
  // @ts-expect-error: an error has a code of the table
  socket.on("alert:list", (_input, ack) => ack({ ok: false, error: { code: "nope", message: "", retryable: false } }));
}

/** Input is what a handler gets, with the defaults filled in; reply and payload are what it may give. */
export const parsed: Input<typeof chat, "history:read"> = { room: "lobby", limit: 50 };
// @ts-expect-error: the limit has a default, so a handler always has one
export const unfilled: Input<typeof chat, "history:read"> = { room: "lobby" };
export const reply: ReplyData<Door, "door:open"> = { at: 1 };
export const payload: Payload<Door, "door:opened"> = { at: 1 };

type ChatChannel = Channel<typeof chat>;

/** The client's requests and events are those of the contracts. */
export async function asRequester(channel: ChatChannel, inbox: Channel<typeof notify>): Promise<number> {
  const { seq } = await channel.request("message:send", { id: "message-1", room: "lobby", text: "hi" });
  const joined = await channel.request("room:join", { room: "lobby" });
  await inbox.request("notification:read", { upTo: seq });
  // @ts-expect-error: there is no such request
  await channel.request("message:sent", { id: "message-1", room: "lobby", text: "hi" });
  // @ts-expect-error: it is a request of another namespace
  await channel.request("inbox:open", {});
  // @ts-expect-error: text is missing
  await channel.request("message:send", { id: "message-1", room: "lobby" });
  // @ts-expect-error: a room is known by its id
  await channel.request("room:join", { room: 7 });
  // @ts-expect-error: the reply has no such field
  return joined.sequence;
}

export function asListener(channel: ChatChannel): () => void {
  channel.on("message:sent", ({ seq, from }) => void (seq + from.id.length));
  channel.on("session:closing", ({ code }) => void (code satisfies ErrorCode));
  // @ts-expect-error: there is no such event
  channel.on("message:send", () => {});
  // @ts-expect-error: nor has it this field
  channel.on("message:sent", ({ sequence }) => void sequence);
  return channel.whenOpen(({ user }) => void user.roles);
}

export function asPerson({ chat: { join }, use }: Connection): Live<object>[] {
  const room = join("lobby", { limit: 10 });
  const inbox = use(notifyPart);
  room.send("hi");
  room.send({ text: "hi", replyTo: 1 });
  // @ts-expect-error: a draft has a text
  room.send({ replyTo: 1 });
  // @ts-expect-error: a snapshot is not to be written to
  room.getSnapshot().messages.push();
  // @ts-expect-error: all, or some by their ids
  void inbox.markRead("none");
  room.listen((change: RoomChange) => void (change.kind === "reset" ? change.entries : change.seq));
  return [room, inbox, use(monitorPart).watch(["host"])];
}

export function asCatcher({ code, retryAfterMs, failure }: RequestError): ErrorCode {
  // @ts-expect-error: a code is one of the table
  if (code === "nope") return failure.code;
  // @ts-expect-error: it may not be there
  retryAfterMs.toFixed();
  return code;
}
