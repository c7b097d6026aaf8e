import type { Writable } from "node:stream";
import type { TestServer } from "../kit/server.ts";

export interface Written {
  /** Of the socket in `/chat`. */
  readonly sid: string;
  readonly bytes: Buffer;
  /** What was handed over: the same object for all who share it. */
  readonly chunk: Buffer | string;
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
      // A copy: what goes to one alone is put together where the next is.
      written.push({ sid: id, bytes: Buffer.from(chunk as string), chunk });
      return write(chunk, ...rest);
    }) as Writable["write"];
  }
  return written;
}

/** What no contract has, to all who are in `/chat`: by Socket.IO's own means. */
export const emit = ({ carillon }: TestServer, ...args: unknown[]) => carillon.chat?.emit("sample", ...args);
