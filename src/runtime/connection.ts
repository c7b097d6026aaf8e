import type { Socket as Connection } from "engine.io";
import type { Server, Socket } from "socket.io";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";
import { closeNow, cut, missingInternals, namespacesOf, requireFit, socketBacklog, whenGone } from "./engine.ts";
import type { Session } from "./session.ts";

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

/** What Carillon knows of one transport connection, over all namespaces that share it. */
export interface ConnectionState {
  /** Sessions of Carillon's namespaces that are connected over it. */
  readonly sessions: Set<Session>;
  /** Namespaces that a CONNECT was seen for and not yet ended: a second one is an attack (500 sockets in one burst). */
  readonly connecting: Set<string>;
  /** Requests that came over it and are not yet answered; none of them rejects. */
  readonly underWay: Set<Promise<unknown>>;
}

/** Looks after every connection of a Socket.IO server: closes idle ones, cuts those that do not read. */
export class Connections {
  readonly #options: ConnectionOptions;
  readonly #states = new WeakMap<Connection, ConnectionState>();
  /** Those that are alive. */
  readonly #watched = new Map<Connection, Watched>();
  readonly #release: (() => void)[] = [];
  /** Transports of which we have seen whether engine.io is what we take it for. */
  readonly #known = new Set<string>();

  /** @throws TypeError where the server is not attached to anything yet, or would let sockets in past our checks. */
  constructor(io: Server, options: ConnectionOptions) {
    requireFit(io);
    this.#options = options;
    const adopt = (connection: Connection) => this.#adopt(connection);
    const count = (socket: Socket) => this.#count(socket);
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
    if (!state) {
      state = { sessions: new Set(), connecting: new Set(), underWay: new Set() };
      this.#states.set(connection, state);
    }
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
    for (const { release } of this.#watched.values()) release();
    this.#watched.clear();
  }

  #announce(connection: Connection, reason: CarillonError): void {
    for (const session of this.of(connection).sessions) session.announce(reason);
  }

  #adopt(connection: Connection): void {
    const { slow, clock } = this.#options;
    const buffer = limitBuffer(connection, this.#options, () => {
      slow();
      this.#announce(connection, new CarillonError("slow_consumer"));
      cut(connection);
    });
    const idle = closeWhenIdle(connection, clock);
    const release = () => {
      buffer.release();
      idle.release();
      connection.off("close", gone);
      connection.off("upgrade", check);
    };
    const gone = () => {
      release();
      this.#watched.delete(connection);
    };
    const check = () => this.#checkInternals(connection);
    connection.once("close", gone);
    connection.on("upgrade", check);
    check();
    this.#watched.set(connection, { ...idle, release });
  }

  #count(socket: Socket): void {
    this.#watched.get(socket.conn)?.entered();
    socket.once("disconnect", () => this.#watched.get(socket.conn)?.left());
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

interface Watched {
  /** A namespace was entered over it, or left. */
  entered(): void;
  left(): void;
  release(): void;
}

function closeWhenIdle(connection: Connection, clock: Clock): Watched {
  let namespaces = 0;
  let callOff: (() => void) | undefined;
  const wait = () => {
    callOff = clock.after(IDLE_MS, () => closeNow(connection));
  };
  wait();
  return {
    entered() {
      namespaces++;
      callOff?.();
    },
    left() {
      namespaces--;
      if (namespaces === 0 && connection.readyState === "open") wait();
    },
    release: () => callOff?.(),
  };
}

/**
 * Neither number alone tells how much waits: engine.io queues packets that ws has not been given, ws holds bytes that the kernel
 * does not take, and for a polling client everything is in the queue. Of a queued text its length counts, not its UTF-8.
 */
function limitBuffer(
  connection: Connection,
  { maxBufferBytes, sent }: Pick<ConnectionOptions, "maxBufferBytes" | "sent">,
  exceeded: () => void,
): { release(): void } {
  let queued = 0;
  let isOver = false;
  const flushed = () => {
    queued = 0;
  };
  const created = ({ data }: { data?: string | Buffer }) => {
    sent();
    queued += data?.length ?? 0;
    if (isOver || connection.readyState !== "open" || queued + socketBacklog(connection) <= maxBufferBytes) return;
    isOver = true;
    exceeded();
  };
  connection.on("flush", flushed);
  connection.on("packetCreate", created);
  return {
    release() {
      connection.off("flush", flushed);
      connection.off("packetCreate", created);
    },
  };
}
