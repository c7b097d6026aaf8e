import type { Writable } from "node:stream";
import type { WriteEach } from "./write-each.ts";

/** What we reach into of Node's `net`: the handle below a TCP connection or a unix socket, to which the stream itself writes. */
export interface Handle {
  /** Hands over at once what the kernel takes, and queues the rest. Returns 0, or the number of an error. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  /** Its descriptor while it is open, and then -1; not on every system. */
  readonly fd?: number;
}

/** What Node remembers of a write until the kernel has taken all of it. */
interface WriteRequest {
  /** Not to be collected meanwhile. */
  buffer?: Buffer;
  oncomplete?: () => unknown;
}

/** A stream with what we look at of it. */
export type Stream = Pick<Writable, "write" | "writableLength" | "writable">;

/** What Node's own streams write by. */
interface Binding {
  readonly WriteWrap: new () => WriteRequest;
  /** What came of the last write of any handle: at `kLastWriteWasAsync`, whether something of it was queued. */
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

/** Nothing where Node has it no longer, or does not give it away: whoever asks writes to the stream then. */
function findBinding(): Binding | undefined {
  try {
    const { binding: find } = process as unknown as { binding?(name: "stream_wrap"): Partial<Binding> };
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = find?.("stream_wrap") ?? {};
    return WriteWrap && streamBaseState && kLastWriteWasAsync !== undefined
      ? { WriteWrap, streamBaseState, kLastWriteWasAsync }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes to the handle below a stream. A write that the kernel takes at once, as nearly all are, needs nothing to be remembered, called back
 * or run in a later tick, and one request object does for all of them.
 */
export class Handles {
  readonly #binding = findBinding();
  readonly #writeEach: WriteEach | undefined;
  #request: WriteRequest | undefined;

  /** With `writeEach`, many are written to by one call. */
  constructor(writeEach?: WriteEach) {
    this.#writeEach = writeEach;
  }

  /** The handle of a stream; nothing where it cannot be written to. Over TLS it keeps what it has encrypted in another way. */
  of(stream: Stream): Handle | undefined {
    const { _handle: handle, encrypted } = stream as { _handle?: Partial<Handle> | null; encrypted?: boolean };
    const isKnown = this.#binding !== undefined && !encrypted && typeof handle?.writeBuffer === "function";
    return isKnown ? (handle as Handle) : undefined;
  }

  /**
   * Writes after all that was written to the stream, which must have nothing left to write itself. `failed` where nothing was written: the
   * stream is to find out for itself what is wrong. Otherwise `taken`, or what is not yet, which calls `oncomplete`.
   */
  write(handle: Handle, bytes: Buffer): "taken" | "failed" | WriteRequest {
    const binding = this.#binding;
    if (!binding) return "failed";
    const request = (this.#request ??= new binding.WriteWrap());
    if (handle.writeBuffer(request, bytes) !== 0) return "failed";
    if (binding.streamBaseState[binding.kLastWriteWasAsync] === 0) return "taken";
    this.#request = undefined;
    request.buffer = bytes;
    return request;
  }

  /**
   * Writes the same to many, each as by `write`: to the descriptors of handles that are open, as the one of a closed handle may be another
   * connection's by now, or -1. @returns how many bytes of each one's the kernel has taken: the rest is to be written, which also finds
   * out what is wrong where it was none. Nothing where that cannot be done by one call.
   */
  writeEach(descriptors: Int32Array, bytes: Buffer): Int32Array | undefined {
    if (!this.#writeEach) return undefined;
    const taken = new Int32Array(descriptors.length);
    this.#writeEach(descriptors, bytes, taken);
    return taken;
  }
}
