import type { LoadClient } from "../load.ts";
import type { Target } from "../peer.ts";
import type { Wire } from "../wire.ts";
import { nowUs } from "./clock.ts";
import { Connection, type Listener } from "./connection.ts";
import { LatencyHistogram } from "./histogram.ts";
import type { Phase } from "./phase.ts";

/** So many addresses of the loopback, each with 28,231 ports of its own by Linux's default. */
const LOCAL_ADDRESSES = 8;
/** A client that is not in its rooms by then has failed. */
const READY_WITHIN_MS = 60_000;
/** The golden ratio's part of 2^32: its multiples are spread evenly over any layout of clients in rooms. */
const GOLDEN = 0x9e3779b1;

interface Arrival {
  readonly timer: NodeJS.Timeout;
  settle(isReady: boolean): void;
}

/** All clients of a load generator, each by the place in which it was given, and the phase that is told what they hear. */
export class Crowd implements Listener {
  readonly clients: Connection[] = [];
  /** What counts at the moment; what comes while there is none is dropped. */
  phase: Phase | undefined;
  readonly #wire: Wire;
  readonly #delivery: Buffer;
  readonly #targets: readonly Target[];
  readonly #arrivals = new Map<Connection, Arrival>();
  readonly #open = new Set<Connection>();

  constructor(wire: Wire, targets: readonly Target[]) {
    this.#wire = wire;
    this.#delivery = Buffer.from(wire.delivery);
    this.#targets = targets;
  }

  /** How many clients hear this room. */
  attending(room: string): number {
    return this.clients.filter(({ isReady, client }) => isReady && client.rooms.includes(room)).length;
  }

  /** One of so many clients, the first of all among them. */
  sample(oneIn: number): Connection[] {
    return this.clients.filter((_, index) => Math.imul(index, GOLDEN) >>> 0 < 2 ** 32 / oneIn);
  }

  /** Resolves when each is in all its rooms, or has failed. One call at a time, or the clients' places would be anybody's. */
  async connect(clients: readonly LoadClient[], atOnce: number) {
    if (this.#arrivals.size > 0) throw new Error("Others are still on their way");
    const startedUs = nowUs();
    const timeToReady = new LatencyHistogram();
    let ready = 0;
    const waiting = clients.values();
    const connectInTurn = async (): Promise<void> => {
      for (const client of waiting) {
        const connection = this.#dial(client);
        if (!(await this.#arrived(connection))) continue;
        timeToReady.record(nowUs() - connection.startedUs);
        ready++;
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, clients.length) }, connectInTurn));
    return { ready, failed: clients.length - ready, seconds: (nowUs() - startedUs) / 1e6, timeToReady };
  }

  /** Cuts all connections; the next client to connect is the first again. */
  async cut(): Promise<void> {
    for (const connection of this.#open) connection.cut();
    this.clients.length = 0;
    while (this.#open.size > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  ready(connection: Connection): void {
    this.#settle(connection, true);
  }

  closed(connection: Connection): void {
    this.#open.delete(connection);
    this.#settle(connection, false);
    if (connection.isReady) this.phase?.lose();
  }

  delivered(connection: Connection, buffer: Buffer, start: number, end: number, atUs: number): void {
    this.phase?.delivered(connection, buffer, start, end, atUs);
  }

  acked(ack: number, isOk: boolean, atUs: number): void {
    this.phase?.answered(ack, isOk, atUs);
  }

  #dial(client: LoadClient): Connection {
    const target = this.#targets[client.target];
    if (!target) throw new RangeError(`There is no target ${client.target}`);
    const connection = new Connection({
      client,
      target,
      localAddress: `127.0.0.${2 + (this.clients.length % LOCAL_ADDRESSES)}`,
      wire: this.#wire,
      delivery: this.#delivery,
      listener: this,
    });
    this.clients.push(connection);
    this.#open.add(connection);
    return connection;
  }

  #arrived(connection: Connection): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => connection.cut(), READY_WITHIN_MS);
      this.#arrivals.set(connection, { timer, settle: resolve });
    });
  }

  #settle(connection: Connection, isReady: boolean): void {
    const arrival = this.#arrivals.get(connection);
    if (!arrival) return;
    this.#arrivals.delete(connection);
    clearTimeout(arrival.timer);
    arrival.settle(isReady);
  }
}
