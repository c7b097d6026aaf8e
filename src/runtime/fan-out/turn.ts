import { Bundle } from "./bundle.ts";

/** One turn of the event loop: all that its callbacks have to send leaves at its end, without a timer. */
export class Turn {
  #start = new Bundle();
  #outlets: { flush(): void }[] = [];

  /** Has an outlet flushed at the end of the turn; what it sends follows what this returns. */
  begin(outlet: { flush(): void }): Bundle {
    if (this.#outlets.length === 0) setImmediate(() => this.#end());
    this.#outlets.push(outlet);
    return this.#start;
  }

  #end(): void {
    const outlets = this.#outlets;
    this.#start = new Bundle();
    this.#outlets = [];
    for (const outlet of outlets) outlet.flush();
  }
}
