import type { Writable } from "node:stream";

/** What we reach into of Node's `net`: the handle below a TCP connection or a unix socket, to which the stream itself writes. */
interface Handle {
  /** Hands over at once what the kernel takes, and queues the rest. Returns 0, or the number of an error. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  /** How many bytes are queued. */
  readonly writeQueueSize: number;
}

/** What Node remembers of a write until the kernel has taken all of it. */
interface WriteRequest {
  /** Not to be collected meanwhile. */
  buffer?: Buffer;
  oncomplete?: () => unknown;
}

/** A stream with what we look at of it. */
export type Stream = Pick<Writable, "write" | "writableLength" | "writable">;

const isHandle = (handle: Partial<Handle> | null | undefined): handle is Handle =>
  typeof handle?.writeBuffer === "function" && typeof handle.writeQueueSize === "number";

/** Nothing where Node has it no longer, or does not give it away: whoever asks writes to the stream then. */
function requestClass(): (new () => WriteRequest) | undefined {
  try {
    const { binding } = process as unknown as {
      binding?(name: "stream_wrap"): { readonly WriteWrap?: new () => WriteRequest };
    };
    return binding?.("stream_wrap").WriteWrap;
  } catch {
    return undefined;
  }
}

/**
 * Writes to the handle below a stream. A write that the kernel takes at once, as nearly all are, needs nothing to be remembered, called back
 * or run in a later tick, and one request object does for all of them.
 */
export class Handles {
  readonly #Request = requestClass();
  #request: WriteRequest | undefined;

  /** Whether that is how this stream can be written to. Over TLS the handle keeps what it has encrypted in another way. */
  has(stream: Stream): boolean {
    const { _handle: handle, encrypted } = stream as { _handle?: Partial<Handle>; encrypted?: boolean };
    return this.#Request !== undefined && !encrypted && isHandle(handle);
  }

  /**
   * Writes after all that was written to the stream, which must have nothing left to write itself. `failed` where nothing was written: the
   * stream is to find out for itself what is wrong. Otherwise `taken`, or what is not yet, which calls `oncomplete`.
   */
  write(stream: Stream, bytes: Buffer): "taken" | "failed" | WriteRequest {
    const { _handle: handle } = stream as { _handle?: Handle | null };
    // Gone with the connection.
    if (!handle || !this.#Request) return "failed";
    const request = (this.#request ??= new this.#Request());
    if (handle.writeBuffer(request, bytes) !== 0) return "failed";
    if (handle.writeQueueSize === 0) return "taken";
    this.#request = undefined;
    request.buffer = bytes;
    return request;
  }
}
