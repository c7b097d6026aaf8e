import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import type { Log } from "../../src/log/index.ts";
import { silent } from "../../src/logger.ts";
import type { ChatContext } from "../../src/namespaces/chat/context.ts";
import { chatNamespace } from "../../src/namespaces/chat/index.ts";
import type { ContractNamespace, User } from "../../src/runtime/caller.ts";
import type { Contract } from "../../src/protocol/contract.ts";
import { Connections } from "../../src/runtime/connection.ts";
import { serve, type ServeOptions } from "../../src/runtime/serve.ts";
import { memoryStores, type Stores } from "../../src/stores.ts";
import { fakeClock, type FakeClock } from "../kit/clock.ts";
import { Client } from "../kit/client.ts";

const noop = () => {};

const userOf = (id: string): User => ({ id, name: id, roles: id === "mod" ? ["moderator"] : [], rooms: [] });

type PortName = "roomLog" | "rooms" | "presence" | "control";

/** `/chat` alone, over stores of which one request can be made to answer late, or to fail. */
export class SlowScene implements AsyncDisposable {
  readonly clock: FakeClock = fakeClock();
  readonly stores: Stores;
  readonly io: Server;
  /** Listeners that logs have, now. */
  subscriptions = 0;
  readonly #http = createServer();
  #roomLog: Log;
  readonly #connections: Connections;
  readonly #close: () => Promise<void>;
  /** Requests of which the next one is slow, and how its answer is waited for. */
  readonly #slow = new Map<string, () => Promise<void>>();

  constructor() {
    this.stores = this.#freshStores();
    this.#roomLog = this.stores.roomLog;
    this.io = new Server(this.#http);
    const { clock } = this;
    this.#connections = new Connections(this.io, {
      clock,
      logger: silent,
      maxBufferBytes: 2 ** 20,
      slow: noop,
      sent: noop,
    });
    const context: ChatContext = {
      clock,
      logger: silent,
      roomLog: this.#port("roomLog"),
      rooms: this.#port("rooms"),
      presence: this.#port("presence"),
      throttle: this.stores.throttle,
      control: this.stores.control,
      roomAccess: "closed",
      maxRooms: 100,
      counted: { duplicate: noop, reset: noop, gapRepaired: noop },
    };
    // `serve` takes any contract.
    const namespace = this.io.of("/chat") as unknown as ContractNamespace<Contract>;
    const served = serve(chatNamespace, context, namespace, this.#serveOptions());
    this.#close = () => served.close();
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return this;
  }

  /** A connected client; its token is its user id, and `mod` is a moderator. */
  connect(user: string): Promise<Client> {
    const { port } = this.#http.address() as AddressInfo;
    const options = { transports: ["websocket"], auth: { token: user }, reconnection: false };
    return new Client(`http://127.0.0.1:${port}`, "/chat", options).connected();
  }

  /**
   * The next request of this kind (`rooms.isMember`) is carried out at once, but its answer is late, or is a failure: as over a
   * network. `before rooms.isMember` is carried out late. @returns what resolves when it has been carried out, and what lets the answer go.
   */
  delay(request: string, failure?: Error): { reached: Promise<void>; answer: () => void } {
    let answer = noop;
    let reach = noop;
    const reached = new Promise<void>((resolve) => (reach = resolve));
    const answered = new Promise<void>((resolve, reject) => (answer = () => (failure ? reject(failure) : resolve())));
    // It may fail before anybody waits for it.
    answered.catch(noop);
    this.#slow.set(request, () => {
      reach();
      return answered;
    });
    return { reached, answer };
  }

  /** All that rooms' logs hold is lost; those that listened to them listen to nothing. */
  loseLogs(): void {
    this.#roomLog = this.#freshStores().roomLog;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    this.#connections.close();
    await this.io.close();
  }

  #port<Name extends PortName>(name: Name): Stores[Name] {
    return new Proxy(this.stores[name], {
      get: (first, method) => {
        const port = name === "roomLog" ? this.#roomLog : first;
        const original: unknown = Reflect.get(port, method);
        if (typeof original !== "function" || method === "listen") return original;
        return async (...args: unknown[]) => {
          const request = `${name}.${String(method)}`;
          if (this.#slow.has(`before ${request}`)) await this.#wait(`before ${request}`);
          const result: unknown = await Reflect.apply(original, port, args);
          await this.#wait(request);
          return method === "subscribe" ? this.#counted(result as () => void) : result;
        };
      },
    });
  }

  #freshStores(): Stores {
    return memoryStores({ clock: this.clock, historySize: 1000, historyTtlSec: 86_400, inboxSize: 1 });
  }

  #wait(request: string): Promise<void> | undefined {
    const answer = this.#slow.get(request);
    this.#slow.delete(request);
    return answer?.();
  }

  #counted(unsubscribe: () => void): () => void {
    this.subscriptions++;
    return () => {
      this.subscriptions--;
      unsubscribe();
    };
  }

  #serveOptions(): ServeOptions {
    const { clock } = this;
    const { control } = this.stores;
    return {
      clock,
      control,
      logger: silent,
      connections: this.#connections,
      authenticate: async (token) => ({ user: userOf(String(token)), issuedAt: clock.now() }),
      rate: { perSec: 0, burst: 0 },
      limits: {
        ratePerSec: 0,
        rateBurst: 0,
        maxRooms: 100,
        maxFrameBytes: 65_536,
        maxBufferBytes: 2 ** 20,
        historySize: 1000,
        inboxSize: 1,
      },
      server: { version: "0.0.0", worker: "slow" },
      closedFor: () => undefined,
      received: noop,
      closing: noop,
      served: noop,
      refused: noop,
    };
  }
}
