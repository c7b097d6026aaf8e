import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Namespace, Server } from "socket.io";
import { systemClock } from "../../src/clock.ts";
import { joinCluster, type Membership } from "../../src/cluster/adapter.ts";
import type { RedisLink } from "../../src/redis/link.ts";
import { Client } from "../kit/client.ts";
import { opened } from "../kit/leaks.ts";
import { openLink } from "../kit/link.ts";
import { keepLogs } from "../kit/logs.ts";

/** A worker's Socket.IO server, with one namespace that is part of the cluster. Clients enter the rooms that they ask for. */
export class AdapterWorker implements AsyncDisposable {
  readonly io: Server;
  readonly namespace: Namespace;
  readonly link: RedisLink;
  readonly logs = keepLogs();
  /** Messages that were no adapter's. */
  decodeErrors = 0;
  readonly membership: Membership;
  readonly #released: () => void;

  private constructor(url: string, prefix: string) {
    const { logger } = this.logs;
    this.link = openLink(url, prefix, { logger });
    this.io = new Server(createServer().listen(0, "127.0.0.1"));
    this.namespace = this.io.of("/lounge");
    this.membership = this.join();
    this.namespace.on("connection", async (socket) => {
      await socket.join((socket.handshake.auth as { rooms: string[] }).rooms);
      socket.emit("session:opened", {});
    });
    this.#released = opened(this, "a worker's adapter");
  }

  static async start(url: string, prefix: string): Promise<AdapterWorker> {
    const worker = new AdapterWorker(url, prefix);
    await new Promise<void>((resolve) => worker.io.httpServer.once("listening", resolve));
    await worker.membership.ready;
    return worker;
  }

  /** Does what a worker does with each of its namespaces. */
  join(): Membership {
    return joinCluster(this.namespace, {
      link: this.link,
      clock: systemClock,
      logger: this.logs.logger,
      counted: { decodeError: () => this.decodeErrors++ },
    });
  }

  /** A client that is in these rooms, and hears what is said there on any worker. */
  connect(...rooms: string[]): Promise<Client> {
    const { port } = this.io.httpServer.address() as AddressInfo;
    return new Client(`http://127.0.0.1:${port}`, "/lounge", {
      transports: ["websocket"],
      auth: { rooms, token: "a secret" },
    }).connected();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.membership.leave();
    await this.io.close();
    this.link.close();
    this.#released();
  }
}
