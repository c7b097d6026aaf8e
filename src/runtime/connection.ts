import type { Socket as Connection } from "engine.io";
import type { Server } from "socket.io";
import type { Clock } from "../clock.ts";
import { CarillonError } from "../protocol/errors.ts";
import { cut, socketBacklog } from "./engine.ts";
import type { Session } from "./session.ts";

/** A connection with no namespace for so long is closed. */
const IDLE_MS = 10_000;

export interface ConnectionOptions {
  readonly clock: Clock;
  /** Bytes that may wait for a client; above it, it is cut. */
  readonly maxBufferBytes: number;
  /** Tells of a connection that was cut because it did not read. */
  slow(): void;
  /** Tells of a packet that goes out. */
  sent(): void;
}

/** What Carillon knows of one transport connection, over all namespaces that share it. */
export interface ConnectionState {
  /** Sessions of Carillon's namespaces that are connected over it. */
  readonly sessions: Set<Session>;
  /** Namespaces that a CONNECT was seen for and not yet ended: a second one is an attack (500 sockets in one burst). */
  readonly connecting: Set<string>;
}

/** Looks after every connection of a Socket.IO server: closes idle ones, cuts those that do not read. */
export class Connections {
  readonly #options: ConnectionOptions;
  readonly #states = new WeakMap<Connection, ConnectionState>();
  readonly #release: (() => void)[] = [];

  constructor(io: Server, options: ConnectionOptions) {
    this.#options = options;
    const namespaces = new WeakMap<Connection, number>();
    const watchEngine = () => {
      const adopt = (connection: Connection) => {
        this.#limitBuffer(connection);
        this.#closeWhenIdle(connection, () => (namespaces.get(connection) ?? 0) === 0);
      };
      io.engine.on("connection", adopt);
      this.#release.push(() => io.engine.off("connection", adopt));
    };
    const watchNamespace = (namespace: ReturnType<Server["of"]>) => {
      const count = (socket: { conn: Connection; once(event: "disconnect", listener: () => void): unknown }) => {
        namespaces.set(socket.conn, (namespaces.get(socket.conn) ?? 0) + 1);
        socket.once("disconnect", () => {
          namespaces.set(socket.conn, (namespaces.get(socket.conn) ?? 1) - 1);
          this.#closeWhenIdle(socket.conn, () => (namespaces.get(socket.conn) ?? 0) === 0);
        });
      };
      namespace.on("connection", count);
      this.#release.push(() => namespace.off("connection", count));
    };
    watchEngine();
    // The host's own namespaces count too: a connection that only they use is none of our business.
    for (const namespace of io._nsps.values()) watchNamespace(namespace);
    io.on("new_namespace", watchNamespace);
    this.#release.push(() => io.off("new_namespace", watchNamespace));
  }

  of(connection: Connection): ConnectionState {
    let state = this.#states.get(connection);
    if (!state) this.#states.set(connection, (state = { sessions: new Set(), connecting: new Set() }));
    return state;
  }

  /** Tells every namespace of a connection why, then ends the transport: a stock client comes back by itself. */
  closeTransport(connection: Connection, reason: CarillonError): void {
    for (const session of this.of(connection).sessions) session.announce(reason);
    connection.close();
    // `close` waits until all is written; a client that does not read must not hold the connection for ever.
    const cancel = this.#options.clock.after(IDLE_MS, () => cut(connection));
    connection.once("close", cancel);
  }

  close(): void {
    for (const release of this.#release.splice(0)) release();
  }

  #closeWhenIdle(connection: Connection, idle: () => boolean): void {
    if (!idle()) return;
    const cancel = this.#options.clock.after(IDLE_MS, () => {
      connection.off("close", cancel);
      if (idle()) connection.close();
    });
    connection.once("close", cancel);
  }

  /**
   * Neither number alone tells how much waits: engine.io queues packets that ws has not been given, ws holds bytes that the kernel
   * does not take, and for a polling client everything is in the queue.
   */
  #limitBuffer(connection: Connection): void {
    const { maxBufferBytes, slow, sent } = this.#options;
    let queuedBytes = 0;
    connection.on("flush", () => (queuedBytes = 0));
    connection.on("packetCreate", ({ data }: { data?: string | Buffer }) => {
      sent();
      queuedBytes += data?.length ?? 0;
      if (queuedBytes + socketBacklog(connection) <= maxBufferBytes || connection.readyState !== "open") return;
      slow();
      cut(connection);
    });
  }
}
