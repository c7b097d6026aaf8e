import type { TestServer } from "../kit/server.ts";

export interface Written {
  /** Of the socket in `/chat`. */
  readonly sid: string;
  readonly bytes: Buffer;
  /** What was handed over: the same object for all who share it. */
  readonly chunk: unknown;
}

/** Node's handle of a TCP connection: each of these is one write to the kernel. */
type Handle = Record<string, ((request: object, what: unknown, ...rest: unknown[]) => number) | undefined>;

/** Each with what was written as bytes: a buffer, a text, or several of them, of which texts have their encoding beside them. */
const WRITES: Readonly<Record<string, (what: never, areBuffers?: unknown) => Buffer>> = {
  writeBuffer: (bytes: Buffer) => bytes,
  writeUtf8String: (text: string) => Buffer.from(text),
  writeAsciiString: (text: string) => Buffer.from(text, "ascii"),
  writeLatin1String: (text: string) => Buffer.from(text, "latin1"),
  writev: (chunks: (Buffer | string)[], areBuffers?: unknown) => {
    if (areBuffers) return Buffer.concat(chunks as Buffer[]);
    const pairs = chunks.flatMap((chunk, at) => (at % 2 === 0 ? [[chunk, chunks[at + 1]] as const] : []));
    return Buffer.concat(
      pairs.map(([chunk, encoding]) =>
        typeof chunk === "string" ? Buffer.from(chunk, encoding as BufferEncoding) : chunk,
      ),
    );
  },
};

/** Notes each write to the TCP connections of those who are in `/chat` over a websocket now. */
export function watchWrites({ carillon }: TestServer): Written[] {
  const written: Written[] = [];
  for (const { id, conn } of carillon.chat?.sockets.values() ?? []) {
    const { socket } = conn.transport as unknown as { socket?: { _socket: { _handle: Handle } } };
    if (!socket) continue;
    const { _socket: stream } = socket;
    const { _handle: handle } = stream;
    for (const [name, toBytes] of Object.entries(WRITES)) {
      const write = handle[name];
      if (!write) throw new Error(`Node's handles have no ${name} any more`);
      handle[name] = (request, chunk, ...rest) => {
        // A copy: what goes to one alone is put together where the next is.
        written.push({ sid: id, bytes: Buffer.from(toBytes(chunk as never, ...rest)), chunk });
        return write.call(handle, request, chunk, ...rest);
      };
    }
  }
  return written;
}

/** What no contract has, to all who are in `/chat`: by Socket.IO's own means. */
export const emit = ({ carillon }: TestServer, ...args: unknown[]) => carillon.chat?.emit("sample", ...args);
