import { EventEmitter } from "node:events";
import type { Kept, OutboxStorage } from "../../client/chat/outbox-storage.ts";
import type { OutboxChannel } from "../../client/chat/outbox.ts";
import { RequestError } from "../../client/failure.ts";
import type { Ack } from "../../src/protocol/contract.ts";
import { ERRORS, type ErrorCode } from "../../src/protocol/errors.ts";
import type { FakeClock } from "../kit/clock.ts";

export interface Asked {
  readonly id: string;
  readonly text: string;
  readonly epoch?: string;
  readonly createdAt?: number;
}

export interface Stored {
  readonly id: string;
  readonly text: string;
  readonly epoch: string;
  readonly seq: number;
}

/** What becomes of one request, on the way or in the server. */
export type Fate = "answered" | "lost" | "answer lost" | ErrorCode;

type Channel = OutboxChannel;

export function refusal(code: ErrorCode): RequestError {
  return new RequestError({ code, message: ERRORS[code].message, retryable: ERRORS[code].retryable });
}

/** One room's log, which looks at a message as the real one does: is it known, has it the right, is it of this log, may it be forgotten. */
export class FakeLog {
  /** All that was ever stored, in the order of storing. */
  readonly history: Stored[] = [];
  entries: Stored[] = [];
  #epochs = 1;
  #seq = 0;
  #forgottenAt = -Infinity;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get epoch(): string {
    return `epoch-${this.#epochs}`;
  }

  /** All is lost. */
  reset(): void {
    this.#epochs++;
    this.#seq = 0;
    this.entries = [];
  }

  /** Older ones make room for newer ones. */
  trim(): void {
    this.#forgottenAt = this.#clock.now();
    this.entries = [];
  }

  /** @throws RequestError */
  append({ id, text, epoch, createdAt = Infinity }: Asked, code?: ErrorCode) {
    if (code && ERRORS[code].retryable) throw refusal(code);
    const known = this.entries.find((entry) => entry.id === id);
    if (known) return { ...known, at: 0, duplicate: true };
    if (code) throw refusal(code);
    if (epoch !== undefined && epoch !== this.epoch) throw refusal("conflict");
    if (createdAt <= this.#forgottenAt) throw refusal("too_late");
    const stored = { id, text, epoch: this.epoch, seq: ++this.#seq };
    this.entries.push(stored);
    this.history.push(stored);
    return { ...stored, at: 0, duplicate: false };
  }
}

type Answer = (error: Error | null, ack?: Ack<unknown>) => void;

/** A connection to it, which is cut and comes back when it is told to. */
export class FakeChannel {
  readonly requests: Asked[] = [];
  /** How many are on their way now. */
  flying = 0;
  isOpen = false;
  /** The server has said who one is. */
  #isEntered = false;
  readonly #clock: FakeClock;
  readonly #log: FakeLog;
  readonly #fate: () => Fate;
  readonly #cuts = new Set<() => void>();
  readonly #heard = new EventEmitter();

  constructor(clock: FakeClock, log: FakeLog, fate: () => Fate = () => "answered") {
    this.#clock = clock;
    this.#log = log;
    this.#fate = fate;
  }

  get channel(): Channel {
    const socket = {
      on: (event: string, hear: () => void) => (this.#heard.on(event, hear), socket),
      timeout: () => ({ emit: (_name: string, asked: Asked, answer: Answer) => void this.#request(asked, answer) }),
    };
    Object.defineProperty(socket, "connected", { get: () => this.isOpen });
    const whenOpen = (act: () => void) => this.#heard.on("session:opened", act);
    const getSnapshot = () => ({ status: this.#isEntered ? "open" : "offline" });
    return { socket, getSnapshot, now: () => this.#clock.now(), whenOpen } as unknown as Channel;
  }

  open(user: string): void {
    this.isOpen = true;
    this.#heard.emit("connect");
    this.#isEntered = true;
    this.#heard.emit("session:opened", { user: { id: user }, at: this.#clock.now() });
  }

  cut(): void {
    this.isOpen = this.#isEntered = false;
    this.#heard.emit("disconnect");
    for (const lose of this.#cuts) lose();
    this.#cuts.clear();
  }

  async #request(asked: Asked, answer: Answer): Promise<void> {
    // As it is on the wire.
    this.requests.push(JSON.parse(JSON.stringify(asked)) as Asked);
    this.flying++;
    const wasCut = await new Promise<boolean>((resolve) => {
      const lose = () => resolve(true);
      this.#cuts.add(lose);
      this.#clock.after(5, () => {
        this.#cuts.delete(lose);
        resolve(false);
      });
    });
    this.flying--;
    const fate = this.#fate();
    const ack = fate === "lost" ? undefined : this.#answerTo(asked, fate in ERRORS ? (fate as ErrorCode) : undefined);
    if (wasCut || fate === "lost" || fate === "answer lost") answer(new Error("No answer"));
    else answer(null, ack);
  }

  #answerTo(asked: Asked, code?: ErrorCode): Ack<unknown> {
    try {
      return { ok: true, data: this.#log.append(asked, code) };
    } catch (error) {
      return { ok: false, error: (error as RequestError).failure };
    }
  }
}

/** A `localStorage` of one's own. */
export class FakeStorage implements OutboxStorage {
  readonly items = new Map<string, string>();

  get length(): number {
    return this.items.size;
  }
  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
  /** What is kept under a key. */
  kept(key: string): Kept {
    return JSON.parse(this.items.get(key) ?? "null") as Kept;
  }
}
