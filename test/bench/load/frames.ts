/** Opcodes of RFC 6455. */
export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const FIN = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * A client's frame around an ASCII payload. Its mask key is all zero, so that masking changes nothing and costs nothing: servers take
 * it, and what the key is for (proxies that take a payload for a request) does not exist here.
 */
export function clientFrame(payload: string | Buffer, opcode = TEXT): Buffer {
  const { length } = payload;
  if (length > 0xffff) throw new RangeError(`No frame of the load generator is as long as ${length} bytes`);
  const header = length < LENGTH_16 ? 2 : 4;
  const frame = Buffer.allocUnsafe(header + MASK_BYTES + length);
  frame[0] = FIN | opcode;
  if (length < LENGTH_16) frame[1] = MASKED | length;
  else {
    frame[1] = MASKED | LENGTH_16;
    frame.writeUInt16BE(length, 2);
  }
  frame.fill(0, header, header + MASK_BYTES);
  if (typeof payload === "string") frame.write(payload, header + MASK_BYTES, "latin1");
  else payload.copy(frame, header + MASK_BYTES);
  return frame;
}

/** Gets each frame that a server sends, where it lies: only until it returns, because the buffer is read into again. */
export type OnFrame = (opcode: number, buffer: Buffer, start: number, end: number) => void;

/** Cuts what a server sends into its frames, by their headers alone. Only a frame that two reads share is copied. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The start of a frame whose rest is not here yet. */
  #begun: Buffer | undefined;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  read(buffer: Buffer, start: number, end: number): void {
    let at = this.#finish(buffer, start, end);
    while (at < end) {
      const header = headerBytes(buffer, at, end);
      const size = frameBytes(buffer, at, end, header);
      if (at + size > end) {
        this.#begun = Buffer.from(buffer.subarray(at, end));
        return;
      }
      this.#onFrame((buffer[at] ?? 0) & 0x0f, buffer, at + header, at + size);
      at += size;
    }
  }

  /** Completes the frame that the last read began, and returns where the next one starts. */
  #finish(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (this.#begun && at < end) {
      const { length } = this.#begun;
      const missing = frameBytes(this.#begun, 0, length, headerBytes(this.#begun, 0, length)) - length;
      const taken = Math.min(missing, end - at);
      const joined: Buffer = Buffer.concat([this.#begun, buffer.subarray(at, at + taken)]);
      at += taken;
      const header = headerBytes(joined, 0, joined.length);
      const isWhole = frameBytes(joined, 0, joined.length, header) === joined.length;
      this.#begun = isWhole ? undefined : joined;
      if (isWhole) this.#onFrame((joined[0] ?? 0) & 0x0f, joined, header, joined.length);
    }
    return at;
  }
}

/** How long the header of the frame at `at` is, as far as what is here tells: no longer than it will turn out to be. */
function headerBytes(buffer: Buffer, at: number, end: number): number {
  const length = at + 1 < end ? (buffer[at + 1] ?? 0) : 0;
  if (length < LENGTH_16) return 2;
  return length === LENGTH_64 ? 10 : 4;
}

/** How long the frame at `at` is with its header, or that header alone while it is not all here. */
function frameBytes(buffer: Buffer, at: number, end: number, header: number): number {
  if (at + header > end) return header;
  if (header === 2) return header + (buffer[at + 1] ?? 0);
  if (header === 4) return header + buffer.readUInt16BE(at + 2);
  return header + Number(buffer.readBigUInt64BE(at + 2));
}
