import { once } from "node:events";
import { WebSocket } from "ws";
import type { LoadClient } from "../load.ts";
import type { Target } from "../peer.ts";
import type { Wire } from "../wire.ts";

/** A client that is not where it wants to be by then never will. */
const ARRIVE_WITHIN_MS = 60_000;
const EVENT = "42/chat,";
const ACK = "43/chat,";

/** What a client that was cut off comes back with. */
export interface Memory {
  /** Of the last message that it has heard: Carillon's position. */
  readonly since?: { readonly epoch: string; readonly seq: number };
  /** What a stock client keeps for connection state recovery: its private session id and the offset of the last packet. */
  readonly session?: { readonly pid: string; readonly offset: string };
}

interface Entry {
  readonly epoch: string;
  readonly seq: number;
}

interface Joined {
  readonly ok: boolean;
  readonly data: { readonly recovered: boolean | null; readonly entries: readonly Entry[] };
}

/**
 * A client in one room that keeps what it needs to come back, whichever way its server has for that: Carillon's `room:join` with `since`,
 * or Socket.IO's connection state recovery. Every frame is decoded: its own CPU counts nowhere.
 */
export class ReturningClient {
  readonly #client: LoadClient;
  readonly #wire: Wire;
  readonly #socket: WebSocket;
  readonly #returns: Memory;
  #arrived: () => void = () => {};
  #lastSince: Memory["since"];
  #pid = "";
  #offset = "";
  #acks = 0;
  readonly #answers = new Map<number, () => void>();
  /** It is in its room. */
  isIn = false;
  /** The server says that nothing was lost of what it has missed. */
  recovered = false;
  /** Messages that it has heard, those that it had missed among them. */
  heard = 0;

  constructor(client: LoadClient, { host, port }: Target, wire: Wire, returns: Memory = {}) {
    this.#client = client;
    this.#wire = wire;
    this.#returns = returns;
    this.#socket = new WebSocket(`ws://${host}:${port}${wire.path(client.user, client.rooms)}`);
    // Whatever goes wrong with it shows by its not arriving.
    this.#socket.on("error", () => {});
    this.#socket.once("open", () => this.#hello());
    this.#socket.on("message", (frame: Buffer) => this.#hear(frame.toString()));
  }

  /** What to come back with, as things are now. */
  get memory(): Memory {
    if (this.#client.token !== undefined) return this.#lastSince ? { since: this.#lastSince } : {};
    return { session: { pid: this.#pid, offset: this.#offset } };
  }

  /** Resolves when it is in its room and has heard so many messages; to false, when it is not in time. */
  async arrives(messages: number): Promise<boolean> {
    const isThere = () => this.isIn && this.heard >= messages;
    if (isThere()) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ARRIVE_WITHIN_MS);
      this.#arrived = () => {
        if (!isThere()) return;
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /** Sends a message to its room, or another one; resolves when it is answered. */
  send(room: string, id: string, text: string): Promise<void> {
    return new Promise((resolve) => this.#socket.send(this.#wire.send(room, id, text, this.#ask(resolve))));
  }

  /** Is gone without a word. */
  async cut(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, "close");
    this.#socket.terminate();
    await closed;
  }

  #hello(): void {
    const { session } = this.#returns;
    if (session) return this.#socket.send(`40/chat,${JSON.stringify(session)}`);
    for (const frame of this.#wire.hello(this.#client.user, this.#client.token)) this.#socket.send(frame);
  }

  #hear(frame: string): void {
    const pong = this.#wire.pong(frame);
    if (pong !== undefined) this.#socket.send(pong);
    else if (this.#wire.isWelcome(frame)) this.#welcomed(frame);
    else if (frame.startsWith(this.#wire.delivery)) this.#delivered(frame);
    else if (frame.startsWith(ACK)) this.#answered(frame);
  }

  #welcomed(frame: string): void {
    const { pid = "" } = JSON.parse(frame.slice(frame.indexOf("{"))) as { pid?: string };
    this.#pid = pid;
    const { session, since } = this.#returns;
    if (session && session.pid === pid) {
      // Its rooms were restored, and what it missed comes as events.
      this.recovered = true;
      return this.#enter();
    }
    const [room] = this.#client.rooms;
    const ack = this.#ask(() => {});
    this.#socket.send(`${EVENT}${ack}${JSON.stringify(["room:join", { room, ...(since && { since }) }])}`);
  }

  #delivered(frame: string): void {
    const [, entry, offset] = JSON.parse(frame.slice(EVENT.length)) as [string, Entry, string | undefined];
    this.#note([entry], offset);
    this.#arrived();
  }

  /** To the join, or to a message: only the first has entries. */
  #answered(frame: string): void {
    const [{ ok, data }] = JSON.parse(frame.slice(frame.indexOf("["))) as [Joined];
    const ack = Number.parseInt(frame.slice(ACK.length), 10);
    this.#answers.get(ack)?.();
    this.#answers.delete(ack);
    if (this.isIn || !ok) return;
    this.recovered = data.recovered === true;
    this.#note(data.entries ?? [], undefined);
    this.#enter();
  }

  #note(entries: readonly Entry[], offset: string | undefined): void {
    this.heard += entries.length;
    const last = entries.at(-1);
    if (last) this.#lastSince = { epoch: last.epoch, seq: last.seq };
    if (offset !== undefined) this.#offset = offset;
  }

  #enter(): void {
    this.isIn = true;
    this.#arrived();
  }

  #ask(answered: () => void): number {
    this.#answers.set(++this.#acks, answered);
    return this.#acks;
  }
}
