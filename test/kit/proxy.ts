import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { opened } from "./leaks.ts";

/** `up` is from the client to the server. */
export type Direction = "up" | "down";

/** Rewrites what passes in one direction of one link. It sees chunks as they come, however they were cut. */
export type Tamper = (chunk: Buffer) => Buffer;

export interface ProxyOptions {
  /** Asked for each new connection, so that it can spread them or point elsewhere. Without an answer it is refused. */
  readonly target: () => number | undefined;
  /** Made anew for each link. */
  readonly tamper?: Partial<Record<Direction, () => Tamper>>;
}

/** One connection through a proxy. */
export class Link {
  /** The port that it goes to. */
  readonly target: number;
  readonly #sockets: Record<Direction, Socket>;
  readonly #held = new Set<Direction>();
  readonly #discarded = new Set<Direction>();
  /** What is on its way, per direction: a delay must not change the order. */
  readonly #tails: Record<Direction, Promise<void>> = { up: Promise.resolve(), down: Promise.resolve() };
  #delayMs = 0;

  constructor(
    client: Socket,
    server: Socket,
    { target, tamper = {} }: { target: number } & Pick<ProxyOptions, "tamper">,
  ) {
    this.target = target;
    // By the direction in which each is read.
    this.#sockets = { up: client, down: server };
    this.#carry("up", server, tamper.up?.());
    this.#carry("down", client, tamper.down?.());
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => this.cut());
    }
  }

  /** The port that it comes from, as the server sees it. */
  get source(): number {
    return this.#sockets.down.localPort ?? 0;
  }

  get isOpen(): boolean {
    return !this.#sockets.up.destroyed;
  }

  /** Ends it on both sides, whatever is on its way. */
  cut(): void {
    for (const socket of Object.values(this.#sockets)) socket.destroy();
  }

  /** Nothing passes in this direction, and nobody is told: what is sent meanwhile waits. */
  hold(direction: Direction): void {
    this.#held.add(direction);
    this.#sockets[direction].pause();
  }

  /** Ends `hold`. */
  release(direction: Direction): void {
    this.#held.delete(direction);
    this.#sockets[direction].resume();
  }

  /** What is sent in this direction is read and thrown away: it was received, as far as its sender can tell. */
  discard(direction: Direction): void {
    this.#discarded.add(direction);
  }

  /** Everything takes so much longer, in both directions. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  #carry(direction: Direction, to: Socket, tamper: Tamper = (chunk) => chunk): void {
    const from = this.#sockets[direction];
    const pass = (chunk: Buffer) => {
      if (to.destroyed || this.#discarded.has(direction)) return;
      if (!to.write(tamper(chunk))) from.pause();
    };
    let waiting = 0;
    from.on("data", (chunk: Buffer) => {
      if (this.#delayMs === 0 && waiting === 0) return pass(chunk);
      const dueAt = performance.now() + this.#delayMs;
      waiting++;
      this.#tails[direction] = this.#tails[direction].then(async () => {
        const leftMs = dueAt - performance.now();
        if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
        waiting--;
        pass(chunk);
      });
    });
    from.on("end", () => void this.#tails[direction].then(() => to.end()));
    to.on("drain", () => {
      if (!this.#held.has(direction)) from.resume();
    });
  }
}

/**
 * A small TCP proxy on a free port of the loopback that does to connections what networks do: it cuts them, lets them hang, delays
 * them, and loses what was on its way.
 */
export class Proxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #released: () => void;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#released = opened(this, "a proxy");
  }

  static async start({ target, tamper }: ProxyOptions): Promise<Proxy> {
    // A half-closed connection stays half open, as it would without a proxy between.
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new Proxy(server);
    server.on("connection", (client) => {
      const port = target();
      if (port === undefined) return void client.destroy();
      const upstream = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      const link = new Link(client, upstream, { target: port, ...(tamper && { tamper }) });
      proxy.#links.add(link);
      client.once("close", () => proxy.#links.delete(link));
    });
    return proxy;
  }

  /** The connections that are open now, oldest first. */
  get links(): readonly Link[] {
    return [...this.#links];
  }

  /** Ends all connections there are. New ones are let in. */
  cut(): void {
    for (const link of this.#links) link.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.cut();
    });
    this.#released();
  }
}
