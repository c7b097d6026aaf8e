import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestServer } from "../kit/server.ts";
import { noteWrites } from "../kit/writes.ts";

export interface Written {
  /** Of the socket in `/chat`. */
  readonly sid: string;
  readonly bytes: Buffer;
  /** What was handed over: the same object for all who share it. */
  readonly chunk: unknown;
}

/** Notes each write to the TCP connections of those who are in `/chat` over a websocket now. */
export function watchWrites({ carillon }: TestServer): Written[] {
  const written: Written[] = [];
  for (const { id, conn } of carillon.chat?.sockets.values() ?? []) {
    const { socket } = conn.transport as unknown as { socket?: { _socket: object } };
    const { _socket: stream } = socket ?? {};
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
