import { randomUUID } from "node:crypto";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Client, Wire } from "../kit/client.ts";
import type { TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

/** A client-made id that nobody has used. */
export const freshId = (): string => randomUUID();

/** Sends a message. @returns the data of its ack */
export function say(client: Client, room: string, text: string, more: object = {}): Promise<Wire> {
  return client.request("message:send", { id: freshId(), room, text, ...more });
}

/** Sends messages one after another. @returns the data of the last ack */
export async function sayAll(client: Client, room: string, texts: readonly string[]): Promise<Wire> {
  let last: Wire;
  for (const text of texts) last = await say(client, room, text);
  return last;
}

export const textsOf = (entries: readonly Wire[]): string[] => entries.map(({ text }) => text as string);
export const seqsOf = (entries: readonly Wire[]): number[] => entries.map(({ seq }) => seq as number);

/** The numbers from `first` to `last`. */
export const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);

/** All entries that were heard, in order. */
export const entriesOf = (client: Client): Wire[] =>
  client.heard.filter(({ name }) => /^message:(sent|edited|deleted)$/.test(name)).map(({ payload }) => payload);

/** Everything that the server has said so far has been heard when this resolves: a connection keeps its order. */
export async function caughtUp(...clients: readonly Client[]): Promise<void> {
  await Promise.all(clients.map((client) => client.request("room:mine")));
}

/** Takes the transport away, as a lost network does. A stock client comes back by itself. */
export function cut(client: Client): void {
  client.socket.io.engine.close();
}

/** Takes the transport away for good, and waits until the server has noticed. */
export async function lose(server: TestServer, client: Client): Promise<void> {
  const { id } = client.socket;
  client.socket.io.reconnection(false);
  cut(client);
  await eventually(() => !server.carillon.chat?.sockets.has(id ?? ""));
}

/** Makes a request and notes its ack among the events, where it came. */
export function askInOrder(client: Client, request: string, input: object): void {
  client.socket.emit(request, input, (payload: unknown) => client.heard.push({ name: "ack", payload }));
}

/** Connects several users at once, to be disposed of together. */
export async function connectAll<const Users extends readonly string[]>(
  server: TestServer,
  users: Users,
  optionsOf: (index: number) => Parameters<TestServer["connect"]>[3] = () => ({}),
): Promise<{ -readonly [Index in keyof Users]: Client } & AsyncDisposable> {
  const clients = await Promise.all(users.map((user, index) => server.connect("/chat", user, {}, optionsOf(index))));
  return Object.assign(clients as { -readonly [Index in keyof Users]: Client }, {
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    },
  });
}

/** Connects a moderator. */
export const connectModerator = (server: TestServer): Promise<Client> =>
  server.connect("/chat", "mod", { roles: ["moderator"] });

/** What a request is refused with; fails if it is not. */
export async function failureOf(client: Client, request: string, input: object): Promise<Failure> {
  const ack = await client.ask(request, input);
  if (ack.ok) throw new Error(`${request} was not refused`);
  return ack.error;
}
