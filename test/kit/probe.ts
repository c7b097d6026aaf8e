import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import type { Clock } from "../../src/clock.ts";
import { memoryControl } from "../../src/control/memory.ts";
import type { Logger } from "../../src/logger.ts";
import { Connections } from "../../src/runtime/connection.ts";
import type { Definition } from "../../src/runtime/implement.ts";
import { serve, type Served } from "../../src/runtime/serve.ts";
import { Client } from "./client.ts";
import { opened } from "./leaks.ts";

const LIMITS = { maxRooms: 1, maxFrameBytes: 65_536, maxBufferBytes: 1_000_000, historySize: 1, inboxSize: 1 };

const nothing = () => {};

/** One namespace of a test's own, served by the runtime as Carillon's are. Its token is the user's id. */
export class Probe implements AsyncDisposable {
  readonly io: Server;
  readonly served: Served;
  /** Codes of the requests that were answered, in order. */
  readonly codes: string[] = [];
  readonly #namespace: string;
  readonly #released: () => void;

  private constructor(definition: Definition<undefined>, { clock, logger }: { clock: Clock; logger: Logger }) {
    this.#namespace = definition.contract.name;
    this.io = new Server(createServer().listen(0, "127.0.0.1"));
    this.#released = opened(this, "a probe");
    const connections = new Connections(this.io, { clock, logger, maxBufferBytes: 1e6, slow: nothing, sent: nothing });
    this.served = serve(definition, undefined, this.io.of(this.#namespace), {
      clock,
      logger,
      connections,
      control: memoryControl({ clock }),
      authenticate: async (token) => ({ user: { id: String(token), name: String(token), roles: [], rooms: [] } }),
      rate: { perSec: 0, burst: 1 },
      limits: { ...LIMITS, ratePerSec: 0, rateBurst: 1 },
      server: { version: "0", worker: "probe" },
      closedFor: () => undefined,
      served: (_request, code) => this.codes.push(code),
      refused: nothing,
      received: nothing,
      closing: nothing,
    });
  }

  static async start(definition: Definition<undefined>, parts: { clock: Clock; logger: Logger }): Promise<Probe> {
    const probe = new Probe(definition, parts);
    await new Promise<void>((resolve) => probe.io.httpServer.once("listening", resolve));
    return probe;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.io.httpServer.address() as AddressInfo).port}`;
  }

  connect(user: string): Promise<Client> {
    return new Client(this.url, this.#namespace, { transports: ["websocket"], auth: { token: user } }).connected();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.served.close();
    await this.io.close();
    this.#released();
  }
}
