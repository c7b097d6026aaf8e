import type { Writable } from "node:stream";
import type { TestServer } from "../kit/server.ts";

export interface Written {
  /** Of the socket in `/chat`. */
  readonly sid: string;
  readonly bytes: Buffer;
}

/** Notes each write to the TCP connections of those who are in `/chat` over a websocket now. */
export function watchWrites({ carillon }: TestServer): Written[] {
  const written: Written[] = [];
  for (const { id, conn } of carillon.chat?.sockets.values() ?? []) {
    const { socket } = conn.transport as unknown as { socket?: { _socket: Writable } };
    if (!socket) continue;
    const { _socket: stream } = socket;
    const write = stream.write.bind(stream);
    stream.write = ((chunk: Buffer | string, ...rest: []) => {
      written.push({ sid: id, bytes: toBuffer(chunk) });
      return write(chunk, ...rest);
    }) as Writable["write"];
  }
  return written;
}

/** The same object where it is one, so that it shows who shares it. */
const toBuffer = (chunk: Buffer | string) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk);

/** What no contract has, to all who are in `/chat`: by Socket.IO's own means. */
export const emit = ({ carillon }: TestServer, ...args: unknown[]) => carillon.chat?.emit("sample", ...args);
