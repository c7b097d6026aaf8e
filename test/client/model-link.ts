import { EventEmitter } from "node:events";
import type { Socket } from "socket.io-client";
import type { Channel, ChannelSnapshot, Session } from "../../client/channel.ts";
import type { Position } from "../../client/chat/follow.ts";
import { ownFailure, RequestError } from "../../client/failure.ts";
import { clock } from "../../client/clock.ts";
import { createLive } from "../../client/live.ts";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Ack } from "../../src/protocol/contract.ts";
import type { ErrorCode } from "../../src/protocol/errors.ts";
import type { Random } from "../kit/random.ts";
import { type ModelRoom, ROOM, SELF } from "./model-room.ts";

type Answer = (error: Error | null, ack?: Ack<unknown>) => void;

/** What is on its way to the client. */
interface Frame {
  /** Of a request; an event has none. */
  readonly answer?: Answer;
  readonly arrive: (chance?: "lost") => void;
}

interface Input {
  readonly since?: Position;
  readonly limit?: number;
  readonly before: number;
  readonly epoch?: string;
  readonly seq: number;
}

const refusal = (code: ErrorCode, retryable: boolean): Ack<unknown> => ({
  ok: false,
  error: { code, message: code, retryable, ...(retryable && { retryAfterMs: 0 }) },
});

/** A stock client's socket, and the server behind it, with a line between them that may lose, repeat and mix up what it carries. */
export class ModelLink {
  connected = false;
  /** Events and answers that the client has not got yet, in the order in which they were sent. */
  frames: Frame[] = [];
  readonly #heard = new EventEmitter();
  readonly #room: ModelRoom;
  readonly #random: Random;
  readonly #asked = new Set<Answer>();
  #attends = false;
  /** So many requests in a hundred get no answer, or are refused for now. */
  #faults: number;

  constructor(room: ModelRoom, random: Random, faults: number) {
    this.#room = room;
    this.#random = random;
    this.#faults = faults;
  }

  /** The part of a stock client's socket that is used. */
  get socket(): Socket {
    const socket = {
      connected: () => this.connected,
      on: (event: string, hear: () => void) => (this.#heard.on(event, hear), socket),
      off: (event: string, hear: () => void) => (this.#heard.off(event, hear), socket),
      emit: (name: string, input: Input, answer: (ack: unknown) => void) =>
        this.#request(name, input, (_error, ack) => answer(ack)),
      timeout: () => ({
        emit: (name: string, input: Input, answer: Answer) => this.#request(name, input, answer),
      }),
    };
    Object.defineProperty(socket, "connected", { get: () => this.connected });
    return socket as unknown as Socket;
  }

  get channel(): Channel<typeof chat> {
    const { socket } = this;
    const session = { user: { id: SELF, name: SELF, roles: [] } } as unknown as Session;
    const snapshot: ChannelSnapshot = { status: "open", session };
    const channel = {
      ...createLive(() => snapshot),
      socket,
      now: () => clock.now(),
      request: (name: string, input: Input) =>
        new Promise((resolve, reject) => {
          if (!this.connected) return reject(new RequestError(ownFailure("unavailable")));
          this.#request(name, input, (error, ack) => {
            if (error || !ack) reject(new RequestError(ownFailure("timeout")));
            else if (ack.ok) resolve(ack.data);
            else reject(new RequestError(ack.error));
          });
        }),
      on: (event: string, hear: () => void) => {
        socket.on(event, hear);
        return () => void socket.off(event, hear);
      },
    };
    return channel as unknown as Channel<typeof chat>;
  }

  /** How many listen to an event. */
  listeners(event: string): number {
    return this.#heard.listenerCount(event);
  }

  /** From here on nothing is lost, repeated, refused or mixed up. */
  mend(): void {
    this.#faults = 0;
  }

  connect(): void {
    this.connected = true;
    this.#heard.emit("connect");
  }

  disconnect(): void {
    this.connected = this.#attends = false;
    this.frames = [];
    this.#heard.emit("disconnect", "transport close");
    for (const answer of this.#asked) answer(new Error("socket has been disconnected"));
  }

  /** The server tells whoever attends. */
  tell(event: string, payload: object): void {
    if (this.#attends) this.frames.push({ arrive: () => void this.#heard.emit(event, payload) });
  }

  /** One frame arrives, or is lost, or arrives and is still on its way. */
  carry(): void {
    const isFaulty = () => this.#random.percent(this.#faults);
    const place = isFaulty() ? this.#random.below(Math.min(4, this.frames.length)) : 0;
    const [frame] = this.frames.splice(place, 1);
    if (!frame) return;
    if (!frame.answer && isFaulty()) this.frames.splice(this.#random.below(4), 0, frame);
    if (!isFaulty()) frame.arrive();
    else if (frame.answer) frame.arrive("lost");
  }

  #request(name: string, input: Input, given: Answer): void {
    const answer: Answer = (error, ack) => {
      if (this.#asked.delete(answer)) given(error, ack);
    };
    this.#asked.add(answer);
    const reply = this.#random.percent(this.#faults) ? { ack: refusal("unavailable", true) } : this.#serve(name, input);
    const arrive = (chance?: "lost") => (chance ? answer(new Error("timeout")) : answer(null, reply.ack));
    this.frames.push({ answer, arrive });
    reply.afterwards?.();
  }

  #serve(name: string, input: Input): { ack: Ack<unknown>; afterwards?: () => void } {
    const room = this.#room;
    if (name === "room:join") {
      const { data, rest } = room.join(input.since, input.limit ?? 50);
      this.#attends = true;
      return {
        ack: { ok: true, data },
        afterwards: () => rest.forEach((entry) => this.tell(`message:${entry.kind}`, entry)),
      };
    }
    if (input.epoch !== undefined && input.epoch !== room.epoch) return { ack: refusal("conflict", false) };
    if (name === "history:read") return { ack: { ok: true, data: room.page(input.before, input.limit ?? 50) } };
    if (name === "marker:move") {
      if (input.seq > room.head) return { ack: refusal("bad_request", false) };
      room.marker = Math.max(room.marker, input.seq);
      return { ack: { ok: true, data: { seq: room.marker, unread: room.unread(room.marker) } } };
    }
    return { ack: { ok: true, data: name === "room:members" ? room.present : {} } };
  }

  /** What the server says of itself. */
  reset(): void {
    this.tell("room:reset", { room: ROOM, epoch: this.#room.epoch, head: this.#room.head });
  }
}
