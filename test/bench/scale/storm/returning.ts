import type { LoadClient } from "../../load.ts";
import { Connection, type Listener } from "../../load/connection.ts";
import type { Target } from "../../peer.ts";
import { wires } from "../../wires/index.ts";
import type { Wire } from "../../wire.ts";
import { backoffMs } from "./backoff.ts";
import { Followed, type Joined, type Numbered } from "./followed.ts";

/** A stock client that is not connected by then gives up this attempt, and makes another. */
const CONNECT_TIMEOUT_MS = 20_000;

export interface ReturningOptions {
  readonly client: LoadClient;
  /** Each client has its own, as in real life; any of 127.0.0.0/8 will do. */
  readonly localAddress: string;
  /** Where it connects to, asked each time: a balancer would send it to a worker that is there. */
  target(): Target;
  /** It is in all its rooms, and has what it missed of each. */
  back(): void;
  /** It tries to connect. */
  tried(): void;
}

/**
 * A client that comes back by itself, by the timing of a stock `socket.io-client` on websockets, and goes on in each of its rooms from
 * where it was.
 */
export class ReturningClient implements Listener {
  readonly rooms: ReadonlyMap<string, Followed>;
  readonly #options: ReturningOptions;
  readonly #wire: Wire;
  readonly #delivery: Buffer;
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Since it was connected last. */
  #attempts = 0;
  #hasLeft = false;

  constructor(options: ReturningOptions) {
    const { client } = options;
    this.#options = options;
    this.rooms = new Map(client.rooms.map((room) => [room, new Followed()]));
    this.#wire = this.#resuming(wires.carillon);
    this.#delivery = Buffer.from(this.#wire.delivery);
  }

  get isBack(): boolean {
    return this.#connection?.isReady ?? false;
  }

  connect(): void {
    const { client, localAddress, target, tried } = this.#options;
    tried();
    this.#timer = setTimeout(() => this.#connection?.cut(), CONNECT_TIMEOUT_MS);
    this.#connection = new Connection({
      client,
      localAddress,
      target: target(),
      wire: this.#wire,
      delivery: this.#delivery,
      listener: this,
    });
  }

  /** Cuts its connection, and does not come back. */
  leave(): void {
    this.#hasLeft = true;
    clearTimeout(this.#timer);
    this.#connection?.cut();
  }

  ready(): void {
    this.#options.back();
  }

  closed(): void {
    clearTimeout(this.#timer);
    if (this.#hasLeft) return;
    this.#timer = setTimeout(() => this.connect(), backoffMs(this.#attempts++, Math.random()));
  }

  delivered(_connection: Connection, buffer: Buffer, start: number, end: number): void {
    // What follows the start of a delivery is one entry and the end of the array around it.
    const { room, seq } = JSON.parse(buffer.toString("latin1", start + this.#delivery.length, end - 1)) as Numbered;
    this.rooms.get(room)?.heard(seq);
  }

  /** Of joins only, which `isOk` has read. */
  acked(): void {}

  /** The wire of this client alone: it joins from where the client is in each room, and notes what it is answered. */
  #resuming(wire: Wire): Wire {
    return {
      ...wire,
      hello: (user, token) => {
        clearTimeout(this.#timer);
        // A stock client's patience is as at first as soon as Engine.IO has let it in, whatever becomes of it then.
        this.#attempts = 0;
        return wire.hello(user, token);
      },
      join: (room, ack) =>
        `42/chat,${ack}["room:join",${JSON.stringify({ room, since: this.rooms.get(room)?.since })}]`,
      isOk: (frame) => {
        const [{ ok, data }] = JSON.parse(frame.slice(frame.indexOf("["))) as [{ ok: boolean; data: Joined }];
        if (ok) this.rooms.get(data.room)?.joined(data);
        return ok;
      },
    };
  }
}
