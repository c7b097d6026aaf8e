import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Socket as Connection } from "engine.io";
import { RawClient } from "../kit/raw.ts";
import type { TestServer } from "../kit/server.ts";
import { noteWrites } from "../kit/writes.ts";

export interface Written {
  /** Of the socket in `/chat`. */
  readonly sid: string;
  readonly bytes: Buffer;
  /** What was handed over: the same object for all who share it. */
  readonly chunk: unknown;
}

/** Clients in `/chat` that take whatever they are sent. */
export async function raws(server: TestServer, count: number) {
  const list: RawClient[] = [];
  for (let index = 0; index < count; index++) {
    const client = await new RawClient(server.url).open();
    await client.enter("/chat", await server.token(`user-${index}`));
    await client.packet((packet) => packet.includes("session:opened"));
    list.push(client);
  }
  return {
    list,
    async [Symbol.asyncDispose]() {
      for (const client of list) await client[Symbol.asyncDispose]();
    },
  };
}

/** The TCP connection below a websocket; nothing while polling. */
export function streamOf({ transport }: Connection): Socket | undefined {
  const { socket } = transport as unknown as { socket?: { _socket: Socket } };
  const { _socket: stream } = socket ?? {};
  return stream;
}

const ROOM = "sample-room";

/** So many that their room is written to in one pass. */
const MEMBERS = 10;

/** Clients of a room, and the TCP connections by which they are sent what goes to it. */
export async function members(server: TestServer) {
  const clients = await raws(server, MEMBERS);
  const streams = [...(server.carillon.chat?.sockets.values() ?? [])].map((socket) => {
    void socket.join(ROOM);
    const stream = streamOf(socket.conn);
    if (!stream) throw new Error("it is polling");
    return stream;
  });
  return { ...clients, streams };
}

/** What no contract has, to all of that room. */
export const tell = ({ carillon }: TestServer, text: string) => void carillon.chat?.local.to(ROOM).emit("sample", text);

/** What a client has heard of what was told. */
export const heardBy = ({ heard }: RawClient) => heard.filter((packet) => packet.includes('"sample"'));

/** Notes each write to the TCP connections of those who are in `/chat` over a websocket now. */
export function watchWrites({ carillon }: TestServer): Written[] {
  const written: Written[] = [];
  for (const { id, conn } of carillon.chat?.sockets.values() ?? []) {
    const stream = streamOf(conn);
    if (stream) noteWrites(stream, (bytes, chunk) => written.push({ sid: id, bytes, chunk }));
  }
  return written;
}

/** What no contract has, to all who are in `/chat`: by Socket.IO's own means. */
export const emit = ({ carillon }: TestServer, ...args: unknown[]) => carillon.chat?.emit("sample", ...args);

/** A TCP connection over the loopback, both of its ends. */
export async function connection() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  const [far] = await accepted;
  if (near.connecting) await once(near, "connect");
  return {
    near,
    far: far.on("error", () => {}),
    async [Symbol.asyncDispose]() {
      near.destroy();
      far.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
