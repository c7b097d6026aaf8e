import type { Socket as Connection } from "engine.io";
import type { Handle, Handles, Stream } from "./handle.ts";
import { watchChanges, type Watcher } from "./watch-changes.ts";

/** What we reach into of engine.io 6.6 and ws 8, whose types keep it private; absent fields read as "nothing there". */
interface Internals {
  readonly writeBuffer?: readonly { readonly data?: string | Buffer }[];
  readonly transport: {
    readonly name: string;
    readonly perMessageDeflate?: unknown;
    /** Only of a websocket transport. */
    readonly socket?: Websocket;
    emit(event: "close"): unknown;
  };
}

interface Websocket {
  readonly bufferedAmount?: number;
  readonly readyState?: number;
  /** The TCP connection. */
  readonly _socket?: Stream;
  /** Its mask is a view of all that was read with the last frame. */
  readonly _receiver?: { readonly _mask?: Buffer };
  terminate?(): void;
  once?(event: "close", listener: () => void): unknown;
}

// The one place where engine.io's private fields meet our types.
const internals = (connection: Connection) => connection as unknown as Internals;

/** The fields of `Internals` that a connection does not have: another version of engine.io or of ws keeps them elsewhere. */
export function missingInternals(connection: Connection): string[] {
  const { transport, writeBuffer } = internals(connection);
  const there = {
    writeBuffer: Array.isArray(writeBuffer),
    ...(transport.name === "websocket" && {
      "transport.socket.bufferedAmount": typeof transport.socket?.bufferedAmount === "number",
      "transport.socket.terminate": typeof transport.socket?.terminate === "function",
    }),
  };
  return Object.entries(there).flatMap(([field, isThere]) => (isThere ? [] : [field]));
}

/** Bytes that ws holds because the kernel takes no more; 0 while polling. Without what was written past the stream: one bundle at most. */
export function socketBacklog(connection: Connection): number {
  return internals(connection).transport.socket?.bufferedAmount ?? 0;
}

/** ws holds on to the last piece that it has read until the next one comes: up to 64 KiB, for 4 bytes that are used no more. */
export function letGoOfRead(connection: Connection): void {
  const { _receiver: receiver = {} } = internals(connection).transport.socket ?? {};
  const { _mask: mask } = receiver;
  if (mask) Object.assign(receiver, { _mask: undefined });
}

/** Whether engine.io has given its transport all that it was told to send. */
export function isQueueEmpty(connection: Connection): boolean {
  return !internals(connection).writeBuffer?.length;
}

/** How much was written to a connection and not yet taken: what engine.io queues (of a text its length), and what ws holds. */
export function backlog(connection: Connection): number {
  const { writeBuffer = [] } = internals(connection);
  return writeBuffer.reduce((sum, { data }) => sum + (data?.length ?? 0), socketBacklog(connection));
}

/** ws's `readyState` of a websocket, and of one whose TCP connection is gone. */
const WS_OPEN = 1;
const WS_CLOSED = 3;

export interface WayOptions {
  /** To write past Node's stream as well. */
  readonly handles?: Handles | undefined;
  /** To be told of what happens below; only with `handles`. */
  readonly watcher?: Watcher | undefined;
}

/** The TCP connection below a websocket, for finished frames: past engine.io and ws, which have nothing to add to them. */
export class DirectWay {
  readonly #connection: Connection;
  readonly #transport: Internals["transport"];
  readonly #websocket: Websocket;
  readonly #stream: Stream;
  readonly #handles: Handles | undefined;
  readonly #handle: Handle | undefined;
  readonly #watcher: Watcher | undefined;
  /** What was written past the stream, which knows nothing of it, was taken. */
  #isHandleClear = true;

  private constructor(connection: Connection, websocket: Websocket, stream: Stream, { handles, watcher }: WayOptions) {
    this.#connection = connection;
    this.#transport = internals(connection).transport;
    this.#websocket = websocket;
    this.#stream = stream;
    this.#handles = handles;
    this.#handle = handles?.of(stream);
    if (this.#handle && watcher && watchChanges(stream, this.#handle, watcher)) this.#watcher = watcher;
  }

  /** Nothing while a connection is polling, or where its packets may be compressed. */
  static of(connection: Connection, options: WayOptions = {}): DirectWay | undefined {
    const { socket, perMessageDeflate } = internals(connection).transport;
    const { _socket: stream } = socket ?? {};
    return socket && stream && !perMessageDeflate ? new DirectWay(connection, socket, stream, options) : undefined;
  }

  /** Whether its watcher is told of whatever may make it less clear, but for what engine.io is given to send, or is to close. */
  get isWatched(): boolean {
    return this.#watcher !== undefined;
  }

  /** Of the handle, while that is open; -1 where there is none. */
  get descriptor(): number {
    return this.#handle?.fd ?? -1;
  }

  /** Whether it leads where the connection's packets go: an upgrade puts another transport in the place of the first. */
  get isCurrent(): boolean {
    return internals(this.#connection).transport === this.#transport;
  }

  /** Whether all that was written before is on its way: engine.io has nothing queued, and the kernel has taken what ws had. */
  get isClear(): boolean {
    return this.#isOpen && internals(this.#connection).writeBuffer?.length === 0 && this.isTaken;
  }

  /** Whether the kernel has taken all that was written: none of its buffers is needed any more. */
  get isTaken(): boolean {
    return this.#isHandleClear && this.#stream.writableLength === 0;
  }

  /** Lost where the connection is no longer open, as everything that is written to it then. */
  write(frames: Buffer): void {
    if (!this.#isOpen) return;
    // What is left to the stream stays before what comes after it.
    if (this.isTaken) this.put(frames);
    else this.#stream.write(frames);
  }

  /** The same where all that was written before is known to be taken. */
  put(frames: Buffer): void {
    const written = this.#handle && this.#handles?.write(this.#handle, frames);
    if (written === "taken") return;
    if (written === undefined || written === "failed") return void this.#stream.write(frames);
    this.#isHandleClear = false;
    this.#watcher?.changing();
    written.oncomplete = () => (this.#isHandleClear = true);
  }

  get #isOpen(): boolean {
    return this.#connection.readyState === "open" && this.#websocket.readyState === WS_OPEN && this.#stream.writable;
  }
}

/** Calls back when nothing is left of a connection, at once or later: engine.io lets go of a websocket before its client has read all. */
export function whenGone(connection: Connection, callBack: () => void): void {
  const { socket } = internals(connection).transport;
  const isGone = socket?.once ? socket.readyState === WS_CLOSED : connection.readyState === "closed";
  if (isGone) callBack();
  else if (socket?.once) socket.once("close", callBack);
  else connection.once("close", callBack);
}

/** Closes a connection without waiting for what was not yet written. */
export function closeNow(connection: Connection): void {
  connection.close(true);
  // A polling transport that keeps its good-bye for one more poll does not listen to a second `close`.
  if (connection.readyState !== "closed") internals(connection).transport.emit("close");
}

/** Ends a connection at once, whether its client reads or not: `close` would wait for it. */
export function cut(connection: Connection): void {
  internals(connection).transport.socket?.terminate?.();
  closeNow(connection);
}
