import { once } from "node:events";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { opened } from "./leaks.ts";
import { eventually } from "./wait.ts";

const PATH = "/socket.io/?EIO=4&transport=";
const SEPARATOR = "\x1e";

/** A Socket.IO client over websocket that sends whatever it is told, packet by packet: what no stock client would. */
export class RawClient implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #released: () => void;
  /** Engine.IO's packets as they came, in order, pings left out (they are answered). */
  readonly heard: string[] = [];
  /** The websocket's close code, once it is closed. */
  closeCode: number | undefined;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(`${url.replace("http", "ws")}${PATH}websocket`, { headers });
    this.#released = opened(this, "a raw client");
    // Whatever goes wrong with it ends in a close.
    this.#socket.on("error", () => {});
    this.#socket.on("close", (code) => (this.closeCode = code));
    this.#socket.on("message", (data: Buffer) => {
      const packet = data.toString();
      if (packet === "2") this.#socket.send("3");
      else this.heard.push(packet);
    });
  }

  /** Resolves when Engine.IO's handshake is done; rejects where it is refused. */
  async open(): Promise<this> {
    await eventually(() => this.closeCode !== undefined || this.heard.some((packet) => packet.startsWith("0")));
    if (this.closeCode !== undefined) throw new Error(`closed with ${this.closeCode}`);
    return this;
  }

  /** Enters a namespace, and resolves with the server's answer to that. */
  async enter(namespace: string, token: unknown): Promise<string> {
    this.send(`40${namespace},${JSON.stringify({ token })}`);
    return this.packet((packet) => packet.startsWith(`40${namespace},`) || packet.startsWith(`44${namespace},`));
  }

  send(...packets: (string | Buffer)[]): void {
    for (const packet of packets) this.#socket.send(packet);
  }

  /** Sends all in one write, so that the server reads them in one turn. */
  sendAtOnce(...packets: (string | Buffer)[]): void {
    this.#inOneWrite(() => this.send(...packets));
  }

  /** The same, with the websocket's close frame behind it. */
  sendAndClose(...packets: (string | Buffer)[]): void {
    this.#inOneWrite(() => {
      this.send(...packets);
      this.#socket.close();
    });
  }

  #inOneWrite(write: () => void): void {
    this.#stream.cork();
    write();
    this.#stream.uncork();
  }

  get #stream(): Socket {
    const { _socket: stream } = this.#socket as unknown as { _socket: Socket };
    return stream;
  }

  /** The first packet heard, already or yet to come, that matches. */
  packet(matches: (packet: string) => boolean): Promise<string> {
    return eventually(() => this.heard.find(matches));
  }

  /** What an ack of this id holds, once it is here. */
  async ack(namespace: string, id: number): Promise<unknown> {
    const start = `43${namespace},${id}[`;
    const packet = await this.packet((each) => each.startsWith(start));
    return (JSON.parse(packet.slice(start.length - 1)) as unknown[])[0];
  }

  /** Reads nothing any more; the kernels' buffers fill up, and then the server's. */
  stall(): void {
    this.#socket.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#socket.resume();
  }

  /** Calls back whenever it has read something, whole or not. */
  onRead(callBack: () => void): void {
    this.#stream.on("data", callBack);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Resolves with the close code. */
  async closed(): Promise<number> {
    return eventually(() => this.closeCode);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#released();
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const gone = once(this.#socket, "close");
    this.#socket.terminate();
    await gone;
  }
}

/** The same over HTTP polling. It polls only when it is told to. */
export class RawPoller {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  /** Shakes hands. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<RawPoller> {
    const response = await fetch(`${url}${PATH}polling`, { headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    const { sid } = JSON.parse(text.slice(1)) as { sid: string };
    return new RawPoller(`${url}${PATH}polling&sid=${sid}`);
  }

  /** Sends packets in one request, and gives the response's status back. */
  async send(...packets: string[]): Promise<number> {
    const response = await fetch(this.#url, {
      method: "POST",
      body: packets.join(SEPARATOR),
      headers: { "content-type": "text/plain;charset=UTF-8" },
    });
    await response.text();
    return response.status;
  }

  /** Waits for what the server has to say; nothing where it does not know us any more. */
  async poll(): Promise<string[]> {
    const response = await fetch(this.#url);
    const text = await response.text();
    return response.ok ? text.split(SEPARATOR) : [];
  }

  /** Enters a namespace, and resolves with all that came with the answer to that. */
  async enter(namespace: string, token: unknown): Promise<string[]> {
    await this.send(`40${namespace},${JSON.stringify({ token })}`);
    return this.poll();
  }
}
