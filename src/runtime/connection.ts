import type { Socket as Connection } from "engine.io";
import type { Server, Socket } from "socket.io";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";
import { closeNow, cut, isQueueEmpty, letGoOfRead, missingInternals, socketBacklog, whenGone } from "./engine.ts";
import type { Session } from "./session.ts";
import { connectionsOf, namespacesOf, requireFit } from "./socket-io.ts";

/** A connection with no namespace for so long is closed. */
const IDLE_MS = 10_000;

/** How long a connection that is being closed may still read. */
const FAREWELL_MS = 10_000;

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes that may wait for a client; above it, it is cut. */
  readonly maxBufferBytes: number;
  /** Tells of a connection that was cut because it did not read. */
  slow(): void;
  /** Tells of a packet that goes out. */
  sent(): void;
}

/**
 * What Carillon knows of one transport connection, over all namespaces that share it. Lists are replaced rather than changed: so a small
 * one takes a third of what a set does.
 */
export class ConnectionState {
  #sessions: readonly Session[] = [];
  #names: readonly string[] = [];
  /** How many namespaces were entered over it and not left, of the host's too. */
  namespaces = 0;
  /** Length of what engine.io has queued since its queue was empty. */
  queued = 0;
  /** Whether it was cut because it does not read. */
  isOver = false;
  /** Whether it came while we were looking, so that all its namespaces were counted. */
  isWatched = false;

  /** Sessions of Carillon's namespaces that are connected over it. */
  get sessions(): readonly Session[] {
    return this.#sessions;
  }

  /** A CONNECT has come. @returns false where the last one has not ended: a second one is an attack (500 sockets in one burst). */
  begin(namespace: string): boolean {
    if (this.#names.includes(namespace)) return false;
    this.#names = this.#names.concat(namespace);
    return true;
  }

  /** Nobody was let into a namespace. */
  refuse(namespace: string): void {
    this.#names = this.#names.filter((name) => name !== namespace);
  }

  entered(session: Session): void {
    this.#sessions = this.#sessions.concat(session);
  }

  left(namespace: string, session: Session): void {
    this.refuse(namespace);
    this.#sessions = this.#sessions.filter((other) => other !== session);
  }
}

/** Looks after every connection of a Socket.IO server: closes idle ones, cuts those that do not read. */
export class Connections {
  readonly #options: ConnectionOptions;
  readonly #io: Server;
  readonly #states = new WeakMap<Connection, ConnectionState>();
  /** Connections without a namespace, with when they are closed, the next one first. */
  readonly #idle = new Map<Connection, number>();
  #callOff: (() => void) | undefined;
  readonly #release: (() => void)[] = [];
  /** Transports of which we have seen whether engine.io is what we take it for. */
  readonly #known = new Set<string>();
  /** One of each for all connections and sockets: each is called on the one that it is about. */
  readonly #listeners: {
    created(this: Connection, packet: { data?: string | Buffer }): void;
    received(this: Connection): void;
    upgraded(this: Connection): void;
    disconnected(this: Socket): void;
  };

  /** @throws TypeError where the server is not attached to anything yet, or would let sockets in past our checks. */
  constructor(io: Server, options: ConnectionOptions) {
    requireFit(io);
    this.#options = options;
    this.#io = io;
    const created = (connection: Connection, length: number) => this.#queue(connection, length);
    const upgraded = (connection: Connection) => this.#checkInternals(connection);
    const disconnected = (connection: Connection) => this.#leave(connection);
    this.#listeners = {
      created(this: Connection, { data }: { data?: string | Buffer }) {
        created(this, data?.length ?? 0);
      },
      received(this: Connection) {
        letGoOfRead(this);
      },
      upgraded(this: Connection) {
        upgraded(this);
      },
      disconnected(this: Socket) {
        disconnected(this.conn);
      },
    };
    const adopt = (connection: Connection) => this.#adopt(connection);
    const count = (socket: Socket) => this.#enter(socket);
    const { engine } = io;
    const watchNamespace = (namespace: ReturnType<Server["of"]>) => {
      namespace.on("connection", count);
      this.#release.push(() => namespace.off("connection", count));
    };
    engine.on("connection", adopt);
    // The host's own namespaces count too: a connection that only they use is none of our business.
    for (const namespace of namespacesOf(io)) watchNamespace(namespace);
    io.on("new_namespace", watchNamespace);
    this.#release.push(
      () => engine.off("connection", adopt),
      () => io.off("new_namespace", watchNamespace),
    );
  }

  of(connection: Connection): ConnectionState {
    let state = this.#states.get(connection);
    if (!state) this.#states.set(connection, (state = new ConnectionState()));
    return state;
  }

  /** Tells every namespace of a connection why, then ends the transport: a stock client comes back by itself. */
  closeTransport(connection: Connection, reason: CarillonError): void {
    this.#announce(connection, reason);
    connection.close();
    // `close` waits until all is written; a client that does not read must not hold the connection for ever.
    const callOff = this.#options.clock.after(FAREWELL_MS, () => cut(connection));
    whenGone(connection, callOff);
  }

  /** Looks after nothing any more; connections that are there stay as they are. */
  close(): void {
    for (const release of this.#release.splice(0)) release();
    for (const connection of connectionsOf(this.#io)) this.#forget(connection);
    this.#idle.clear();
    this.#callOff?.();
  }

  #announce(connection: Connection, reason: CarillonError): void {
    for (const session of this.of(connection).sessions) session.announce(reason);
  }

  #adopt(connection: Connection): void {
    const { created, received, upgraded } = this.#listeners;
    this.of(connection).isWatched = true;
    connection.on("packetCreate", created);
    connection.on("packet", received);
    if (connection.transport.name !== "websocket") connection.on("upgrade", upgraded);
    this.#checkInternals(connection);
    this.#wait(connection);
  }

  #forget(connection: Connection): void {
    const { created, received, upgraded } = this.#listeners;
    this.of(connection).isWatched = false;
    connection.off("packetCreate", created);
    connection.off("packet", received);
    connection.off("upgrade", upgraded);
  }

  #enter(socket: Socket): void {
    const state = this.of(socket.conn);
    if (!state.isWatched) return;
    state.namespaces++;
    this.#idle.delete(socket.conn);
    socket.on("disconnect", this.#listeners.disconnected);
  }

  #leave(connection: Connection): void {
    const state = this.of(connection);
    if (!state.isWatched) return;
    state.namespaces--;
    if (state.namespaces === 0 && connection.readyState === "open") this.#wait(connection);
  }

  /** All wait for as long, so whoever began first is the first whose time is over; one that has closed meanwhile is kept no longer. */
  #wait(connection: Connection): void {
    const { clock } = this.#options;
    this.#idle.set(connection, clock.now() + IDLE_MS);
    this.#callOff ??= clock.after(IDLE_MS, () => this.#closeIdle());
  }

  #closeIdle(): void {
    const { clock } = this.#options;
    const now = clock.now();
    this.#callOff = undefined;
    for (const [connection, at] of this.#idle) {
      if (at > now) return void (this.#callOff = clock.after(at - now, () => this.#closeIdle()));
      this.#idle.delete(connection);
      closeNow(connection);
    }
  }

  /**
   * Neither number alone tells how much waits: engine.io queues packets that ws has not been given, ws holds bytes that the kernel
   * does not take, and for a polling client everything is in the queue. Of a queued text its length counts, not its UTF-8.
   */
  #queue(connection: Connection, length: number): void {
    const { maxBufferBytes, sent, slow } = this.#options;
    const state = this.of(connection);
    sent();
    state.queued = isQueueEmpty(connection) ? length : state.queued + length;
    if (state.isOver || connection.readyState !== "open") return;
    if (state.queued + socketBacklog(connection) <= maxBufferBytes) return;
    state.isOver = true;
    slow();
    this.#announce(connection, new CarillonError("slow_consumer"));
    cut(connection);
  }

  /** Looked at once for each kind of transport, where it first comes: only a real connection shows what it is made of. */
  #checkInternals(connection: Connection): void {
    const { name } = connection.transport;
    if (this.#known.has(name)) return;
    this.#known.add(name);
    const missing = missingInternals(connection);
    if (missing.length === 0) return;
    this.#options.logger.warn(
      { transport: name, missing },
      "engine.io is not as expected: slow clients are noticed later, if at all",
    );
  }
}
