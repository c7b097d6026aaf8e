import type { EncodedPackets, PacketOptions } from "../socket-io.ts";
import type { Handles } from "../handle.ts";
import type { Outlet } from "./outlet.ts";

/** A packet that goes to many: its frame, and what engine.io takes for those who cannot be written to directly. */
export interface Broadcast {
  readonly packets: EncodedPackets;
  readonly options: PacketOptions;
  readonly frame: Buffer;
}

/**
 * Those of a room who are sent nothing in this turn but the broadcasts to it: until its end, nothing is noted for each of them. Whoever is
 * sent anything else is taken out, with what there was so far.
 */
export class Crowd {
  readonly #members: ReadonlySet<Outlet>;
  /** Each of them says so itself as well: everybody is asked, and nobody has to be looked up. */
  readonly #apart: Outlet[] = [];
  readonly #broadcasts: Broadcast[] = [];
  #bytes = 0;

  constructor(members: ReadonlySet<Outlet>) {
    this.#members = members;
  }

  /** Of the broadcasts so far. */
  get bytes(): number {
    return this.#bytes;
  }

  isOf(members: ReadonlySet<Outlet>): boolean {
    return this.#members === members;
  }

  has(outlet: Outlet): boolean {
    return outlet.apartFrom !== this && this.#members.has(outlet);
  }

  /** From now on, what goes to all is given to this one by itself. */
  takeOut(outlet: Outlet): void {
    this.#apart.push(outlet);
    outlet.apartFrom = this;
    this.#giveTo(outlet);
  }

  add(broadcast: Broadcast): void {
    this.#broadcasts.push(broadcast);
    this.#bytes += broadcast.frame.length;
    for (const outlet of this.#apart) outlet.give(broadcast);
  }

  /** Everybody by himself. Nothing is added any more. */
  disband(): void {
    for (const outlet of this.#members) if (outlet.apartFrom !== this) this.takeOut(outlet);
    this.#end();
  }

  /** Writes to all, in one pass, what they share. Nothing is added any more. @returns how many packets that were */
  flush(handles?: Handles): number {
    const [first, ...more] = this.#broadcasts;
    if (!first) return 0;
    const frames = more.length === 0 ? first.frame : Buffer.concat(this.#broadcasts.map(({ frame }) => frame));
    const clear: Outlet[] = [];
    const descriptors: number[] = [];
    const others: Outlet[] = [];
    for (const outlet of this.#members) {
      if (outlet.apartFrom === this) continue;
      const descriptor = outlet.clearDescriptor;
      if (descriptor === undefined) others.push(outlet);
      else {
        clear.push(outlet);
        descriptors.push(descriptor);
      }
    }
    // At once: whatever else is done may close one of them.
    const taken = handles?.writeEach(new Int32Array(descriptors), frames);
    for (const [index, outlet] of clear.entries()) {
      const bytes = taken?.[index] ?? 0;
      if (bytes < frames.length) outlet.put(bytes === 0 ? frames : frames.subarray(bytes));
    }
    for (const outlet of others) this.#giveTo(outlet);
    this.#end();
    return clear.length * this.#broadcasts.length;
  }

  #giveTo(outlet: Outlet): void {
    for (const broadcast of this.#broadcasts) outlet.give(broadcast);
  }

  #end(): void {
    for (const outlet of this.#apart) outlet.apartFrom = undefined;
  }
}
