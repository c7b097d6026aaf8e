import type { Socket as Connection } from "engine.io";
import type { Clock } from "../../clock.ts";
import { DirectWay } from "../engine.ts";
import type { Handles } from "../handle.ts";
import type { Watcher } from "../watch-changes.ts";
import { Bundle } from "./bundle.ts";
import { type Broadcast, Crowd } from "./crowd.ts";
import type { Outlet } from "./outlet.ts";

/** What one connection alone is sent is put together here. Rarely is there more of it. */
const SCRATCH_BYTES = 256 * 1024;

/** More than this is written at once, in the middle of a turn: it would be memory, and saves no write that counts. */
export const BUNDLE_BYTES = 64 * 1024;

/**
 * Where nothing was sent for so long, what goes to a room leaves at once: gathering would only make it wait for the rest of its request. So
 * at most 200 times a second a sender has his ack in a write of its own.
 */
const QUIET_MS = 5;

export interface TurnOptions {
  readonly clock: Clock;
  /** Is told of packets that went to many. */
  sent(packets: number): void;
  /** To write what leaves past Node's streams. */
  readonly handles: Handles | undefined;
  /** Outlets are told of what happens to their ways, rather than to look at them each time. */
  readonly watches: boolean;
}

/** One turn of the event loop: all that its callbacks have to send leaves at its end, without a timer. */
export class Turn {
  #start = new Bundle();
  #outlets: Outlet[] = [];
  #crowd: Crowd | undefined;
  readonly #clock: Clock;
  readonly #sent: (packets: number) => void;
  readonly #handles: Handles | undefined;
  readonly #watches: boolean;
  #begun = false;
  #endedAt = -Infinity;
  /** Of this turn, and of the last one that had any. */
  #broadcasts = 0;
  #broadcastsBefore = 0;
  /** Nothing was sent just before this turn. */
  #isQuiet = false;
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  constructor({ clock, sent, handles, watches }: TurnOptions) {
    this.#clock = clock;
    this.#sent = sent;
    this.#handles = handles;
    this.#watches = watches;
  }

  /** The way of an outlet, which may be told of what happens to it. Nothing where finished frames cannot be written directly. */
  wayOf(connection: Connection, watcher: Watcher): DirectWay | undefined {
    return DirectWay.of(connection, { handles: this.#handles, watcher: this.#watches ? watcher : undefined });
  }

  /** Has an outlet flushed at the end of the turn; what it sends follows what this returns. */
  begin(outlet: Outlet): Bundle {
    this.#schedule();
    this.#outlets.push(outlet);
    return this.#start;
  }

  /** Sends to all of a room. One room in a turn is written to in one pass; more of them may have members in common, whose order counts. */
  broadcast(members: ReadonlySet<Outlet>, broadcast: Broadcast): void {
    if (this.#crowd && !this.#crowd.isOf(members)) this.#endCrowd()?.disband();
    if (this.#crowd && this.#crowd.bytes > BUNDLE_BYTES) this.#flushCrowd();
    if (!this.#crowd && this.#outlets.length < members.size) this.#beginCrowd(members);
    if (this.#crowd) this.#crowd.add(broadcast);
    else for (const outlet of members) outlet.give(broadcast);
  }

  /** After each broadcast, which leaves at once where it is likely to be the only one. */
  endBroadcast(): void {
    if (!this.#begun) return;
    // Where the last turn had more than one, this one will.
    if (this.#broadcasts++ === 0 && this.#broadcastsBefore === 1 && this.#isQuiet) this.#flush();
  }

  /** Before anything else is sent to a connection than what goes to all: it has what went to all so far. */
  takeOut(outlet: Outlet): void {
    if (this.#crowd?.has(outlet)) this.#crowd.takeOut(outlet);
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

  /** Whoever was sent something of his own in this turn goes on with that. */
  #beginCrowd(members: ReadonlySet<Outlet>): void {
    this.#schedule();
    this.#crowd = new Crowd(members);
    for (const outlet of this.#outlets) this.takeOut(outlet);
  }

  #endCrowd(): Crowd | undefined {
    const crowd = this.#crowd;
    this.#crowd = undefined;
    return crowd;
  }

  #flushCrowd(): void {
    const crowd = this.#endCrowd();
    if (crowd) this.#sent(crowd.flush(this.#handles));
  }

  /** With the first that the turn has to send. */
  #schedule(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#isQuiet = this.#clock.now() - this.#endedAt >= QUIET_MS;
    setImmediate(() => this.#end());
  }

  #end(): void {
    // First: what the flush itself sets off may have a turn of its own.
    this.#begun = false;
    if (this.#broadcasts > 0) [this.#broadcastsBefore, this.#broadcasts] = [this.#broadcasts, 0];
    this.#flush();
    this.#endedAt = this.#clock.now();
  }

  #flush(): void {
    // First, since those who cannot be written to directly are given theirs by it.
    this.#flushCrowd();
    const outlets = this.#outlets;
    this.#start = new Bundle();
    this.#outlets = [];
    for (const outlet of outlets) outlet.flush();
  }
}
