import type { ManagerOptions } from "socket.io-client";
import { Client } from "./client.ts";
import { TRANSPORTS } from "./transports.ts";
import { eventually } from "./wait.ts";

/** How long a crowd's members may take for one thing: there are many of them in one process. */
const PATIENCE_MS = 15_000;

/** Many stock clients of `/chat`, whose tokens are their users' ids. They leave at the end of its scope. */
export class Crowd implements AsyncDisposable {
  readonly #url: string;
  readonly #clients: Client[] = [];
  /** What clients did not get through with at once, in their own words. */
  readonly failures: string[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  get clients(): readonly Client[] {
    return this.#clients;
  }

  /** So many more come, each over the next kind of transport. Resolves when all have taken part. */
  async come(count: number): Promise<void> {
    const kinds = TRANSPORTS.map(([, options]) => options);
    await Promise.all(Array.from({ length: count }, (_, index) => this.#admit(kinds[index % kinds.length] ?? {})));
  }

  /** A request, its ack, and the event that comes of it, for each of them. Rejects where one of them misses something. */
  async takePart(round: string): Promise<void> {
    await Promise.all(this.#clients.map((client, index) => takePart(client, `user-${index}`, `${round}-of-${index}`)));
  }

  /** Resolves when everybody is connected, and those are over websocket that mean to be. */
  async settled(): Promise<void> {
    await eventually(
      () => this.#clients.every(({ socket }) => socket.connected && isUpgraded(socket)),
      2 * PATIENCE_MS,
    );
  }

  async leave(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client[Symbol.asyncDispose]()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  async #admit(options: Partial<ManagerOptions>): Promise<void> {
    const user = `user-${this.#clients.length}`;
    const client = new Client(this.#url, "/chat", { ...options, timeout: 8_000, auth: { token: user } });
    this.#clients.push(client);
    client.socket.on("connect_error", ({ message }) => this.failures.push(message));
    client.socket.on("disconnect", (reason) => this.failures.push(reason));
    await client.event("session:opened", undefined, PATIENCE_MS);
  }
}

function isUpgraded({ io }: Client["socket"]): boolean {
  const { transports = [] } = io.opts;
  return transports.length === 1 || io.engine.transport.name === "websocket";
}

async function takePart(client: Client, room: string, id: string): Promise<void> {
  await client.request("room:join", { room });
  await client.request("message:send", { id, room, text: "hello" });
  await client.event("message:sent", (message) => message.id === id, PATIENCE_MS / 2);
}
