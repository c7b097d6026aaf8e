import { io, type Socket } from "socket.io-client";
import type { Ack } from "../../src/protocol/contract.ts";
import type { Wire } from "./client.ts";
import { eventually } from "./wait.ts";

/** How long a stock client's acknowledgement is waited for before the same message is sent again. */
const ACK_MS = 20_000;

/** Below the burst that a socket is allowed. */
const MAX_WAITING = 50;

/** Before it tries again where it was not told when. */
const RETRY_MS = 500;

interface Entry {
  readonly epoch: string;
  readonly seq: number;
  readonly id: string;
}

interface Joined {
  readonly epoch: string;
  readonly head: number;
  readonly recovered: boolean | null;
  readonly entries: readonly Entry[];
}

/** A stretch in which a client was away, by `performance.now()`. */
export interface Absence {
  /** Whether it had heard that the worker goes away. */
  readonly told: boolean;
  readonly leftAt: number;
  backAt?: number;
}

/**
 * A stock client that talks in one room, resumes where it was, and writes down what it hears, as the protocol tells it to: what comes
 * before the ack of its join waits for it.
 */
export class Talker {
  readonly name: string;
  readonly room: string;
  /** Of what it has sent itself: id → seq. */
  readonly acknowledged = new Map<string, number>();
  /** The ids of all entries since its first join, in the order in which they were applied. */
  readonly heard: string[] = [];
  /** What must not happen. */
  readonly faults: string[] = [];
  readonly absences: Absence[] = [];
  readonly #socket: Socket;
  readonly #waiting = new Set<string>();
  #position: { epoch: string; seq: number } | undefined;
  /** What came between a connect and the ack of its join. */
  #early: Entry[] | undefined = [];
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #told = false;
  #closed = false;

  constructor(url: string, { transport, token, name, room }: Record<"transport" | "token" | "name" | "room", string>) {
    this.name = name;
    this.room = room;
    // Without an agent that keeps connections: what a poll of the stock client tries again over another one, it never sends.
    this.#socket = io(`${url}/chat`, { forceNew: true, transports: [transport], auth: { token } });
    this.#socket.on("connect", () => void this.#join());
    this.#socket.on("disconnect", () => {
      this.#early = [];
      const last = this.absences.at(-1);
      // Sent away again before it was in the room: it is still the same absence.
      if (!last || last.backAt !== undefined) this.absences.push({ told: this.#told, leftAt: performance.now() });
      this.#told = false;
    });
    for (const event of ["message:sent", "message:edited", "message:deleted"])
      this.#socket.on(event, (entry: Entry) => (this.#early ? this.#early.push(entry) : this.#apply(entry)));
    this.#socket.on("session:closing", ({ code }: Wire) => (this.#told = code === "draining"));
    this.#socket.on("room:reset", () => this.faults.push("the room was reset"));
  }

  /** The last seq that it has applied. */
  get seq(): number {
    return this.#position?.seq ?? 0;
  }

  /** Resolves when it is in the room. */
  async joined(): Promise<void> {
    await eventually(() => this.#socket.connected && this.#early === undefined, 30_000);
  }

  /** Sends a message every so often, but for when too many wait for their acknowledgement: all at once, they would be too fast. */
  talk(everyMs: number): void {
    this.#timer = setInterval(() => {
      if (this.#waiting.size >= MAX_WAITING) return;
      void this.#send(`${this.name}-${String(++this.#sent).padStart(6, "0")}`);
    }, everyMs);
  }

  /** Sends no more; resolves when all that it has sent is acknowledged. */
  async fallSilent(patienceMs: number): Promise<void> {
    clearInterval(this.#timer);
    await eventually(() => {
      if (this.#waiting.size > 0) throw new Error(`${this.name} waits for ${[...this.#waiting].join(", ")}`);
      return true;
    }, patienceMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closed = true;
    this.#socket.disconnect();
  }

  /** The same id until it is acknowledged: whether it was stored is not known before. */
  async #send(id: string): Promise<void> {
    this.#waiting.add(id);
    while (this.#waiting.has(id) && !this.#closed) {
      const ack = await this.#ask("message:send", { id, room: this.room, text: id });
      if (ack?.ok) this.acknowledged.set(id, ack.data.seq);
      else if (ack) this.faults.push(`${id}: ${ack.error.code}`);
      if (ack) this.#waiting.delete(id);
    }
  }

  async #join(): Promise<void> {
    const ack = await this.#ask("room:join", {
      room: this.room,
      ...(this.#position && { since: this.#position }),
    });
    // It has lost its connection meanwhile, and joins again by itself.
    if (!ack) return;
    if (!ack.ok) return void this.faults.push(`room:join: ${ack.error.code}`);
    const { epoch, head, recovered, entries } = ack.data as Joined;
    if (this.#position && !recovered) this.faults.push("what was missed was not given");
    if (this.#position) for (const entry of entries) this.#apply(entry);
    else {
      this.heard.push(...entries.map(({ id }) => id));
      this.#position = { epoch, seq: head };
    }
    for (const entry of this.#early ?? []) this.#apply(entry);
    this.#early = undefined;
    const absence = this.absences.at(-1);
    if (absence && absence.backAt === undefined) absence.backAt = performance.now();
  }

  /** Asks until the answer is final; `undefined` where the connection was lost first. */
  async #ask(request: string, input: object): Promise<Ack<Wire> | undefined> {
    for (;;) {
      const ack = (await this.#socket
        .timeout(ACK_MS)
        .emitWithAck(request, input)
        .catch(() => undefined)) as Ack<Wire> | undefined;
      if (!ack || ack.ok || !ack.error.retryable || this.#closed) return ack;
      await new Promise((resolve) => setTimeout(resolve, ack.error.retryAfterMs ?? RETRY_MS));
      if (request === "room:join" && !this.#socket.connected) return undefined;
    }
  }

  #apply({ epoch, seq, id }: Entry): void {
    const last = this.#position;
    if (epoch !== last?.epoch || seq !== last.seq + 1) this.faults.push(`${seq} of ${epoch} after ${last?.seq}`);
    this.#position = { epoch, seq };
    this.heard.push(id);
  }
}
