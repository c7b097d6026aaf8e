import { io, type Manager, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { chat } from "../../src/namespaces/chat/contract.ts";
import { monitor } from "../../src/namespaces/monitor/contract.ts";
import { notify } from "../../src/namespaces/notify/contract.ts";
import type { Ack, Contract } from "../../src/protocol/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import { opened } from "./leaks.ts";
import { eventually } from "./wait.ts";

const CONTRACTS: ReadonlyMap<string, Contract> = new Map(
  [chat, notify, monitor].map((contract) => [contract.name, contract]),
);

/** What a test reads of a payload or a reply: checked against the contract before, so that tests can look at it freely. */
export type Wire = any;

export interface Heard {
  readonly name: string;
  readonly payload: Wire;
}

/** A refusal, as `request` throws it. */
export class Refused extends Error {
  readonly failure: Failure;
  constructor(request: string, failure: Failure) {
    super(`${request}: ${failure.code} ${JSON.stringify(failure.details ?? {})}`);
    this.failure = failure;
  }
}

/** A stock client of one namespace that remembers all it hears, and fails on anything that the contract does not have. */
export class Client implements AsyncDisposable {
  readonly socket: Socket;
  /** Everything heard, in order. */
  readonly heard: Heard[] = [];
  readonly #contract: Contract | undefined;
  readonly #released: () => void;
  #broken: Error | undefined;

  constructor(server: string | Manager, namespace: string, options: Partial<ManagerOptions & SocketOptions>) {
    this.#contract = CONTRACTS.get(namespace);
    this.socket =
      typeof server === "string"
        ? io(server + namespace, { forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 100, ...options })
        : server.socket(namespace, options);
    this.#released = opened(this, `a client of ${namespace}`);
    this.socket.onAny((name: string, payload: unknown) => {
      this.#check(name, payload);
      this.heard.push({ name, payload });
    });
  }

  /** Resolves when connected and `session:opened` was heard; rejects with the `connect_error`. */
  async connected(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      if (this.socket.connected) return resolve();
      this.socket.once("connect", resolve);
      this.socket.once("connect_error", reject);
    });
    await this.event("session:opened");
    return this;
  }

  /** A client of another namespace over the same transport, perhaps not yet connected. */
  beside(namespace: string, token: unknown): Client {
    return new Client(this.socket.io, namespace, { auth: { token } });
  }

  /** Makes a request and gives its ack back, whatever it says. */
  async ask(request: string, input: unknown = {}): Promise<Ack<Wire>> {
    const ack = (await this.socket.timeout(8_000).emitWithAck(request, input)) as Ack<Wire>;
    this.#throwIfBroken();
    return ack;
  }

  /** Makes a request and gives its data back. @throws Refused */
  async request(request: string, input: unknown = {}): Promise<Wire> {
    const ack = await this.ask(request, input);
    if (!ack.ok) throw new Refused(request, ack.error);
    return ack.data;
  }

  /** The code that a request is refused with; fails if it is not. */
  async refusal(request: string, input: unknown = {}): Promise<string> {
    const ack = await this.ask(request, input);
    if (ack.ok) throw new Error(`${request} was not refused: ${JSON.stringify(ack.data)}`);
    return ack.error.code;
  }

  /** All payloads of an event that were heard so far. */
  all(name: string): Wire[] {
    this.#throwIfBroken();
    return this.heard.filter((event) => event.name === name).map(({ payload }) => payload);
  }

  /** Waits for an event (heard already, or yet to come) that matches. */
  event(name: string, matches: (payload: Wire) => boolean = () => true, patienceMs?: number): Promise<Wire> {
    return eventually(() => {
      const found = this.all(name).find(matches);
      if (found === undefined)
        throw new Error(`No matching ${name} among ${JSON.stringify(this.heard.map((event) => event.name))}`);
      return found;
    }, patienceMs);
  }

  /** Forgets what was heard. */
  forget(): void {
    this.heard.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.disconnect();
    this.socket.io.engine?.close();
    this.#released();
    this.#throwIfBroken();
  }

  /** Strictly: a field that the contract does not have must not be on the wire. */
  #check(name: string, payload: unknown): void {
    const spec = this.#contract?.events[name];
    if (!this.#contract) return;
    if (!spec) this.#broken ??= new Error(`Not in the contract: event ${name}`);
    else if (JSON.stringify(sorted(spec.payload.parse(payload))) !== JSON.stringify(sorted(payload))) {
      this.#broken ??= new Error(`Not as in the contract: ${name} ${JSON.stringify(payload)}`);
    }
  }

  #throwIfBroken(): void {
    if (this.#broken) throw this.#broken;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
