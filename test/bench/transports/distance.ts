import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * A relay that makes a server of the loopback seem so far away: each chunk takes half a round trip, and what is first sent over a new
 * connection a whole one more, which is the handshake of TCP. Bandwidth, loss and slow start are not imitated.
 */
export class Distance implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async to(port: number, roundTripMs: number): Promise<Distance> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      carry(near, far, roundTripMs / 2, performance.now() + roundTripMs);
      carry(far, near, roundTripMs / 2, 0);
      for (const socket of [near, far]) {
        sockets.add(socket.setNoDelay(true));
        socket.on("error", () => {}).on("close", () => sockets.delete(socket));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Distance(server, sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** In order: only the first of what waits has a timer. */
function carry(from: Socket, to: Socket, halfMs: number, opensAt: number): void {
  const waiting: { readonly dueAt: number; readonly pass: () => void }[] = [];
  const passDue = () => {
    while (waiting[0] && waiting[0].dueAt <= performance.now()) waiting.shift()?.pass();
    if (waiting[0]) setTimeout(passDue, Math.ceil(waiting[0].dueAt - performance.now()));
  };
  const later = (pass: () => void) => {
    waiting.push({ dueAt: Math.max(performance.now(), opensAt) + halfMs, pass });
    if (waiting.length === 1) passDue();
  };
  from.on("data", (chunk: Buffer) => later(() => to.destroyed || to.write(chunk)));
  from.on("end", () => later(() => to.end()));
  from.on("close", () => later(() => to.destroy()));
}
