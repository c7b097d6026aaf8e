const NOTHING = Buffer.alloc(0);

/**
 * Frames in the order in which they go out, in one buffer for everybody to whom they go in this order: a node of a tree that a turn's
 * frames make, in which connections that are sent the same frames come to the same node.
 */
export class Bundle {
  readonly bytes: number;
  readonly #before: Bundle | undefined;
  readonly #frame: Buffer;
  #joined: Buffer | undefined;
  /** What a frame made of it that many were sent: nearly always they are sent the same ones, so the last one is looked at first. */
  #lastShared: Buffer | undefined;
  #lastThen: Bundle | undefined;
  #then: Map<Buffer, Bundle> | undefined;

  /** Without `before`: where a turn begins, and nothing was sent yet. */
  constructor(before?: Bundle, frame: Buffer = NOTHING) {
    this.#before = before;
    this.#frame = frame;
    this.bytes = (before?.bytes ?? 0) + frame.length;
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

  /** All frames, one after the other; joined once, whoever asks first. */
  get buffer(): Buffer {
    return (this.#joined ??= this.#before?.bytes ? this.#join() : this.#frame);
  }

  #join(): Buffer {
    const joined = Buffer.allocUnsafe(this.bytes);
    joined.set(this.#frame, this.bytes - this.#frame.length);
    for (let bundle = this.#before; bundle; bundle = bundle.#before)
      joined.set(bundle.#frame, bundle.bytes - bundle.#frame.length);
    return joined;
  }
}
