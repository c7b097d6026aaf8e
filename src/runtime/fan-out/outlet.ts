import type { Socket } from "socket.io";
import type { DirectWay } from "../engine.ts";
import type { Watcher } from "../watch-changes.ts";
import { type EncodedPackets, handOver, type PacketOptions } from "../socket-io.ts";
import type { Bundle } from "./bundle.ts";
import type { Broadcast, Crowd } from "./crowd.ts";
import { BUNDLE_BYTES, type Turn } from "./turn.ts";

/**
 * The way out of one connection: the packets of a turn leave in one write at its end. Where finished frames cannot be written directly
 * (polling, a client that does not keep up, compression, binary packets) they go the stock way, in their order.
 */
export class Outlet implements Watcher {
  readonly #client: Socket["client"];
  readonly #turn: Turn;
  #way: DirectWay | undefined;
  /** Of its way, while nothing has happened to that since it was found clear. */
  #clearDescriptor: number | undefined;
  /** Whom it has been taken out of in this turn. */
  apartFrom: Crowd | undefined;
  /** What goes out at the end of this turn. */
  #pending: Bundle | undefined;

  constructor(client: Socket["client"], turn: Turn) {
    this.#client = client;
    this.#turn = turn;
  }

  /** Takes packets, or says that they have to go the stock way. */
  write(packets: EncodedPackets, options: PacketOptions): boolean {
    this.#turn.takeOut(this);
    const [packet] = packets;
    if (packets.length !== 1 || typeof packet !== "string" || options.volatile) return false;
    if (this.#pending && this.#pending.bytes > BUNDLE_BYTES) this.flush();
    // What is pending is followed by nothing but what comes this way: engine.io's own packets flush it first.
    if (!this.#pending && this.clearDescriptor === undefined) return false;
    const before = this.#pending ?? this.#turn.begin(this);
    const shared = singleFrame(options);
    this.#pending = shared ? before.shared(shared) : before.alone(packet);
    return true;
  }

  /** Sends what goes to many to this one by itself, by whichever way is open to it. */
  give({ packets, options }: Broadcast): void {
    handOver(this.#client, packets, options);
  }

  /**
   * Where frames can be written at once, for one that nothing is pending for: -1 where that goes by `put` alone. Nothing where they have to be
   * given. To be used before anything else is done, which may close it.
   */
  get clearDescriptor(): number | undefined {
    return this.#clearDescriptor ?? this.#findClear();
  }

  /** Writes frames to one whose way is clear. */
  put(frames: Buffer): void {
    this.#way?.put(frames);
  }

  /** Its way may no longer be clear. */
  changing(): void {
    this.#clearDescriptor = undefined;
  }

  /** Whatever engine.io itself has to send, and its end, come after what is pending. */
  makeWay(): void {
    this.flush();
    this.changing();
  }

  /** Writes what is pending. Nothing of it is left for a connection that was cut meanwhile. */
  flush(): void {
    this.#turn.takeOut(this);
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    if (this.#way) this.#turn.write(this.#way, pending);
  }

  #findClear(): number | undefined {
    if (!this.#way?.isCurrent) this.#way = this.#turn.wayOf(this.#client.conn, this);
    const way = this.#way;
    if (!way?.isClear) return undefined;
    const { descriptor } = way;
    if (way.isWatched) this.#clearDescriptor = descriptor;
    return descriptor;
  }
}

/** A broadcast's frame in one part, for everybody whom it goes to, on the stock way as well; nothing of what goes to one. */
export function singleFrame(options: PacketOptions): Buffer | undefined {
  const { wsPreEncodedFrame: parts } = options;
  if (!parts || parts.length === 1) return parts?.[0];
  const frame = Buffer.concat(parts);
  options.wsPreEncodedFrame = [frame];
  return frame;
}
