import type { DirectWay } from "../engine.ts";
import { Bundle } from "./bundle.ts";

/** What one connection alone is sent is put together here. Rarely is there more of it. */
const SCRATCH_BYTES = 256 * 1024;

/** One turn of the event loop: all that its callbacks have to send leaves at its end, without a timer. */
export class Turn {
  #start = new Bundle();
  #outlets: { flush(): void }[] = [];
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  /** Has an outlet flushed at the end of the turn; what it sends follows what this returns. */
  begin(outlet: { flush(): void }): Bundle {
    if (this.#outlets.length === 0) setImmediate(() => this.#end());
    this.#outlets.push(outlet);
    return this.#start;
  }

  /** Writes what a connection is sent: a buffer each, for what goes to one alone, would leave the heap in pieces. */
  write(way: DirectWay, bundle: Bundle): void {
    const { buffer, bytes } = bundle;
    if (buffer) way.write(buffer);
    else if (bytes > SCRATCH_BYTES) way.write(bundle.putInto(Buffer.allocUnsafe(bytes)));
    else {
      way.write(bundle.putInto(this.#scratch));
      // Whatever the kernel did not take is still in there.
      if (!way.isTaken) this.#scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    }
  }

  #end(): void {
    const outlets = this.#outlets;
    this.#start = new Bundle();
    this.#outlets = [];
    for (const outlet of outlets) outlet.flush();
  }
}
