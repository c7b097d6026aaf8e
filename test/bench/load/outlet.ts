import { Agent, request } from "node:http";
import type { Wire } from "../wire.ts";
import { nowUs } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { clientFrame } from "./frames.ts";

const MAX_PUBLISHERS = 64;
const ID_DIGITS = 8;

export type OnAnswer = (ack: number, isOk: boolean, atUs: number) => void;

/** Where messages go out: by their sender's own frame, or by HTTP where the peer has that instead. */
export class Outlet {
  readonly #wire: Wire;
  readonly #publishUrl: string | undefined;
  readonly #onAnswer: OnAnswer;
  /** Connections are kept, and as many opened as there are requests at once. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_PUBLISHERS, noDelay: true });
  /** No two load generators on a host send messages of the same ids. */
  readonly #idStart = `m${process.pid.toString(36)}-`;
  readonly #numbers = new Map<string, number>();
  #nextAck = 0;

  constructor(wire: Wire, publishUrl: string | undefined, onAnswer: OnAnswer) {
    this.#wire = wire;
    this.#publishUrl = publishUrl;
    this.#onAnswer = onAnswer;
  }

  /** The ack of the message that is sent next. They count up by one, over all clients and rooms. */
  get nextAck(): number {
    return this.#nextAck;
  }

  /** How many messages each room has been sent. */
  get numbers(): ReadonlyMap<string, number> {
    return this.#numbers;
  }

  /** Whether messages of one sender go out one behind the other: not where each takes any of the publishers' connections. */
  get keepsOrder(): boolean {
    return this.#publishUrl === undefined;
  }

  /** Whether there is an answer to each message, of whichever kind. */
  get answers(): boolean {
    return this.#wire.acknowledges || this.#publishUrl !== undefined;
  }

  /** The number of the message that is sent to a room next. */
  count(room: string): number {
    const number = (this.#numbers.get(room) ?? 0) + 1;
    this.#numbers.set(room, number);
    return number;
  }

  send(client: Connection | undefined, room: string, text: string): void {
    const ack = this.#nextAck++;
    const id = this.#idStart + String(ack).padStart(ID_DIGITS, "0");
    const message = this.#wire.send(room, id, text, ack);
    if (this.#publishUrl === undefined) client?.send(clientFrame(message));
    else this.#publish(`${this.#publishUrl}/${room}`, message, (isOk) => this.#onAnswer(ack, isOk, nowUs()));
  }

  close(): void {
    this.#agent.destroy();
  }

  #publish(url: string, body: string, onAnswer: (isOk: boolean) => void): void {
    const headers = { "content-type": "application/json", "content-length": body.length };
    const post = request(url, { method: "POST", agent: this.#agent, headers }, (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      onAnswer(statusCode >= 200 && statusCode < 300);
    });
    post.on("error", () => onAnswer(false));
    post.end(body);
  }
}
