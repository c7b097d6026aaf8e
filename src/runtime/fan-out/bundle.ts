import { frameBytes, putFrame } from "./frame.ts";

/** A finished frame, which may go to many, or a packet that goes to one alone. */
type Item = Buffer | string;

/**
 * Frames in the order in which they go out: a node of a tree that a turn's frames make, in which connections that are sent the same
 * frames come to the same node, and share what is written to them.
 */
export class Bundle {
  readonly bytes: number;
  readonly #before: Bundle | undefined;
  readonly #item: Item;
  /** Whether all of it may go to others as well. */
  readonly #isShared: boolean;
  #joined: Buffer | undefined;
  /** What a frame made of it that many were sent: nearly always they are sent the same ones, so the last one is looked at first. */
  #lastShared: Buffer | undefined;
  #lastThen: Bundle | undefined;
  #then: Map<Buffer, Bundle> | undefined;

  /** Without `before`: where a turn begins, and nothing was sent yet. */
  constructor(before?: Bundle, item: Item = "") {
    this.#before = before;
    this.#item = item;
    this.#isShared = before === undefined || (before.#isShared && typeof item !== "string");
    if (before === undefined) this.bytes = 0;
    else this.bytes = before.bytes + (typeof item === "string" ? frameBytes(item) : item.length);
  }

  /** This, and then a frame that goes to many: the same object for each of them. */
  shared(frame: Buffer): Bundle {
    if (this.#lastShared === frame && this.#lastThen) return this.#lastThen;
    const known = this.#then?.get(frame);
    const then = known ?? new Bundle(this, frame);
    if (!known && this.#lastShared && this.#lastThen) {
      this.#then ??= new Map([[this.#lastShared, this.#lastThen]]);
      this.#then.set(frame, then);
    }
    this.#lastShared = frame;
    this.#lastThen = then;
    return then;
  }

  /** This, and then a packet that goes to one alone. */
  alone(packet: string): Bundle {
    return new Bundle(this, packet);
  }

  /** What is written to all who come here, made once; nothing where somebody's own packets are in it. */
  get buffer(): Buffer | undefined {
    if (!this.#isShared) return undefined;
    if (this.#before?.bytes === 0) return this.#item as Buffer;
    return (this.#joined ??= this.putInto(Buffer.allocUnsafe(this.bytes)));
  }

  /** All frames, one after the other, at the start of `buffer`. */
  putInto(buffer: Buffer): Buffer {
    this.#put(buffer);
    for (let bundle = this.#before; bundle?.bytes; bundle = bundle.#before) bundle.#put(buffer);
    return buffer.subarray(0, this.bytes);
  }

  #put(buffer: Buffer): void {
    const at = this.#before?.bytes ?? 0;
    if (typeof this.#item === "string") putFrame(this.#item, buffer, at);
    else buffer.set(this.#item, at);
  }
}
