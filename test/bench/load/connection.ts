import { connect, type Socket } from "node:net";
import type { LoadClient } from "../load.ts";
import type { Target } from "../peer.ts";
import { HEADER_SETS } from "../transports/headers.ts";
import type { Wire } from "../wire.ts";
import { nowUs } from "./clock.ts";
import { CLOSE, clientFrame, FrameReader, PING, PONG, TEXT } from "./frames.ts";
import type { Sequence } from "./order.ts";

/** All connections are read into this one, and what is in it is dealt with before the next read. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

const HEAD_END = "\r\n\r\n";
/** A server that answers more than that before the websocket is open is none. */
const MAX_HEAD_BYTES = 16 * 1024;

/** What becomes of a connection, and what it hears once it is in. */
export interface Listener {
  ready(connection: Connection): void;
  /** Whether or not it ever was ready. */
  closed(connection: Connection): void;
  delivered(connection: Connection, buffer: Buffer, start: number, end: number, atUs: number): void;
  acked(ack: number, isOk: boolean, atUs: number): void;
}

export interface ConnectionOptions {
  readonly client: LoadClient;
  readonly target: Target;
  readonly localAddress: string;
  readonly wire: Wire;
  /** The wire's, as bytes. */
  readonly delivery: Buffer;
  readonly listener: Listener;
}

/** One client's websocket: its handshake, its rooms, and then what it hears, nearly all of which is only counted. */
export class Connection {
  readonly client: LoadClient;
  readonly startedUs = nowUs();
  isReady = false;
  /** Where it is one of the sample: what it hears of each room. */
  sequences: ReadonlyMap<string, Sequence> | undefined;
  readonly #wire: Wire;
  readonly #listener: Listener;
  readonly #delivery: Buffer;
  readonly #socket: Socket;
  readonly #frames = new FrameReader((opcode, buffer, start, end) => this.#frame(opcode, buffer, start, end));
  /** The answer to the upgrade, as far as it is here; nothing once the websocket is open. */
  #head: string | undefined = "";
  #joinsLeft: number;
  #readAtUs = 0;

  constructor({ client, target, localAddress, wire, delivery, listener }: ConnectionOptions) {
    this.client = client;
    this.#wire = wire;
    this.#listener = listener;
    this.#delivery = delivery;
    this.#joinsLeft = client.rooms.length;
    this.#socket = connect({
      ...target,
      localAddress,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (length) => this.#read(length) },
    });
    // Whatever goes wrong with it ends in a close.
    this.#socket.on("error", () => {});
    this.#socket.once("close", () => this.#closed());
    this.#socket.write(upgradeRequest(wire.path(client.user, client.rooms), target));
  }

  /** Writes in this turn. To a connection that is gone, nothing. */
  send(frame: Buffer): void {
    if (!this.#socket.writable) return;
    // What one client sends in a turn leaves in one write, so that it can come in one read.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(frame);
  }

  /** Cuts it with an RST, which leaves no port behind in TIME_WAIT. */
  cut(): void {
    this.#socket.resetAndDestroy();
  }

  #closed(): void {
    this.#listener.closed(this);
    this.isReady = false;
  }

  #read(length: number): boolean {
    this.#readAtUs = nowUs();
    if (this.#head === undefined) this.#frames.read(readBuffer, 0, length);
    else this.#readHead(this.#head, length);
    return true;
  }

  #readHead(before: string, length: number): void {
    const head = before + readBuffer.toString("latin1", 0, length);
    const headEnd = head.indexOf(HEAD_END);
    if (headEnd < 0 && head.length < MAX_HEAD_BYTES) {
      this.#head = head;
      return;
    }
    if (headEnd < 0 || !head.startsWith("HTTP/1.1 101 ")) return this.cut();
    this.#head = undefined;
    const hello = this.#wire.hello(this.client.user, this.client.token);
    for (const text of hello) this.send(clientFrame(text));
    if (hello.length === 0) this.#join();
    this.#frames.read(readBuffer, headEnd + HEAD_END.length - before.length, length);
  }

  #join(): void {
    for (const [index, room] of this.client.rooms.entries()) {
      const request = this.#wire.join(room, index);
      if (request === undefined) this.#joinsLeft--;
      else this.send(clientFrame(request));
    }
    this.#readyIfJoined();
  }

  #readyIfJoined(): void {
    if (this.#joinsLeft > 0) return;
    this.isReady = true;
    this.#listener.ready(this);
  }

  #frame(opcode: number, buffer: Buffer, start: number, end: number): void {
    if (opcode === TEXT) {
      if (beginsWith(buffer, start, end, this.#delivery))
        this.#listener.delivered(this, buffer, start, end, this.#readAtUs);
      else this.#heard(buffer.toString("latin1", start, end));
    } else if (opcode === PING) this.send(clientFrame(buffer.subarray(start, end), PONG));
    else if (opcode === CLOSE) this.#socket.end(clientFrame(buffer.subarray(start, end), CLOSE));
  }

  #heard(text: string): void {
    const pong = this.#wire.pong(text);
    if (pong !== undefined) return this.send(clientFrame(pong));
    const ack = this.#wire.ackIn(text);
    if (ack >= 0) this.#acked(ack, this.#wire.isOk(text));
    else if (!this.isReady && this.#wire.isWelcome(text)) this.#join();
  }

  #acked(ack: number, isOk: boolean): void {
    if (this.isReady) return this.#listener.acked(ack, isOk, this.#readAtUs);
    if (!isOk) return this.cut();
    this.#joinsLeft--;
    this.#readyIfJoined();
  }
}

/** Byte by byte: for a few of them this is faster than a call into native code. */
function beginsWith(buffer: Buffer, start: number, end: number, prefix: Buffer): boolean {
  if (end - start < prefix.length) return false;
  for (let index = 0; index < prefix.length; index++) if (buffer[start + index] !== prefix[index]) return false;
  return true;
}

/** The key says nothing here: nobody checks what the server makes of it. */
/** With the headers that Chromium sends, which a server that keeps requests has to keep. */
function upgradeRequest(path: string, { host, port }: Target): string {
  const headers = HEADER_SETS.chromium(`http://${host}:${port}`).websocket;
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "",
    "",
  ].join("\r\n");
}
