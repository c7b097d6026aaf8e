import { io, type ManagerOptions, type Socket } from "socket.io-client";
import type { Wire } from "../kit/client.ts";
import type { Random } from "../kit/random.ts";
import type { Acknowledged } from "./records.ts";

/** Above the two seconds in which a send is answered. */
const ACK_MS = 4_000;

export interface SenderOptions {
  readonly url: string;
  readonly token: string;
  readonly user: string;
  readonly rooms: readonly string[];
  /** Over which transports. */
  readonly coming: Partial<ManagerOptions>;
  readonly random: Random;
  /** How often a second it means to send. */
  readonly perSec: number;
  /** So many messages at most wait for their answers. */
  readonly lanes: number;
  /** Whether it says when a message was written, so that one which may have been lost with the log is refused as too late. */
  readonly tellsTime: boolean;
}

/** Sends messages under ids of its own, each again and again under the same id until it is answered, and notes the answers. */
export class Sender {
  readonly acknowledged: Acknowledged[] = [];
  /** Messages that were begun. */
  sent = 0;
  attempts = 0;
  /** Answers that were not `ok`, by code; `nothing` where there was none. */
  readonly refusals = new Map<string, number>();
  /** Answers that no client would expect. */
  readonly unexpected: string[] = [];
  readonly #options: SenderOptions;
  readonly #socket: Socket;
  #stopped = false;
  #closed = false;
  #done: Promise<unknown> | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    const { url, token, coming } = options;
    this.#socket = io(`${url}/chat`, {
      forceNew: true,
      ...coming,
      auth: { token },
      reconnectionDelay: 50,
      reconnectionDelayMax: 1_000,
    });
  }

  start(): void {
    const { lanes } = this.#options;
    this.#done = Promise.all(Array.from({ length: lanes }, (_, lane) => this.#send(lane)));
  }

  /** Begins nothing new, and resolves when everything was answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  /** Ends at once, with messages that nobody knows the outcome of. */
  close(): void {
    this.#stopped = this.#closed = true;
    this.#socket.disconnect();
    this.#socket.io.engine?.close();
  }

  /** One message after another; what could not be sent in time is made up for. */
  async #send(lane: number): Promise<void> {
    const { user, rooms, random, perSec, lanes } = this.#options;
    const everyMs = (1_000 * lanes) / perSec;
    for (let dueAt = performance.now() + (everyMs * lane) / lanes; !this.#stopped; dueAt += everyMs) {
      const early = dueAt - performance.now();
      if (early > 0) await pause(early);
      if (this.#stopped) return;
      // Not more than a few seconds' worth, or the end of an outage would be a flood.
      dueAt = Math.max(dueAt, performance.now() - 3_000);
      const room = rooms[random.below(rooms.length)] ?? "";
      this.sent++;
      await this.#deliver(room, `${user}-${lane}-${String(this.sent).padStart(8, "0")}`);
    }
  }

  async #deliver(room: string, id: string): Promise<void> {
    const { user, tellsTime } = this.#options;
    const input = { id, room, text: `${id} in ${room}`, ...(tellsTime && { createdAt: Date.now() }) };
    while (!this.#closed) {
      this.attempts++;
      const ack: Wire = await this.#socket
        .timeout(ACK_MS)
        .emitWithAck("message:send", input)
        .catch(() => undefined);
      if (ack?.ok) {
        const { epoch, seq, duplicate } = ack.data;
        const message = `${user} ${id}`;
        this.acknowledged.push({ room, message, epoch, seq, duplicate, atMs: performance.now() });
        return;
      }
      const code: string = ack?.error.code ?? "nothing";
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      if (code === "too_late" && tellsTime) return;
      if (ack && !ack.error.retryable) return void this.unexpected.push(`${id}: ${code}`);
      await pause(ack?.error.retryAfterMs ?? 50 + this.#options.random.below(250));
    }
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
