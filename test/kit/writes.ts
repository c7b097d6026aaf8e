import { createRequire } from "node:module";
import type { WriteEach } from "../../src/runtime/write-each.ts";

/** Node's handle of a TCP connection: each of these is one write to the kernel. */
type Handle = Record<string, ((request: object, what: unknown, ...rest: unknown[]) => number) | undefined>;

type Note = (bytes: Buffer, chunk: unknown) => void;

/** Of connections by their descriptors, for what is written past their handles. */
const noted = new Map<{ readonly fd: number }, Note>();

/** What servers that are started from now on write to many by. */
const native = createRequire(import.meta.url)("#native/write-each.node") as { writeEach: WriteEach };
const { writeEach } = native;
native.writeEach = (fds, bytes, taken) => {
  writeEach(fds, bytes, taken);
  for (const [handle, note] of noted) {
    const index = fds.indexOf(handle.fd);
    if (handle.fd < 0) noted.delete(handle);
    else if (taken[index]) note(Buffer.from(bytes.subarray(0, taken[index])), bytes);
  }
};

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

/** Tells of each write of a TCP stream to the kernel: what was written, and as what it was handed over. */
export function noteWrites(stream: object, note: Note): void {
  const { _handle: handle } = stream as { _handle: Handle & { readonly fd: number } };
  noted.set(handle, note);
  for (const [name, toBytes] of Object.entries(WRITES)) {
    const write = handle[name];
    if (!write) throw new Error(`Node's handles have no ${name} any more`);
    handle[name] = (request, chunk, ...rest) => {
      // A copy: the same buffer may hold something else soon.
      note(Buffer.from(toBytes(chunk as never, ...rest)), chunk);
      return write.call(handle, request, chunk, ...rest);
    };
  }
}
