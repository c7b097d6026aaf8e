import type { Socket as Connection } from "engine.io";
import { sizeOf } from "../log/budget.ts";
import type { Entry, Log, Position } from "../log/index.ts";
import { isSamePlace, placeOf } from "../log/position.ts";
import { watch, type Watch } from "../log/watch.ts";
import type { Logger } from "../logger.ts";
import { paced } from "./pace.ts";

/** What a feed needs to know of a socket. */
export interface Listener {
  readonly connected: boolean;
  readonly conn: Connection;
}

/** How a namespace says what its logs hold. */
export interface Delivery<S extends Listener> {
  /** To everybody who is level with the log. */
  broadcast(topic: string, entry: Entry, level: ReadonlySet<S>): void;
  /** To one socket that is catching up. Resolves once it is written, where that takes time. */
  send(socket: S, topic: string, entry: Entry): unknown;
  /** What comes next is not what would follow; without a socket: to everybody who is level. */
  reset(topic: string, position: Position, socket?: S): void;
  /** A socket is level now, or no longer listens. */
  entered?(socket: S, topic: string): void;
  left?(socket: S, topic: string): void;
  /** The log could not be read for a socket that is catching up. */
  failed(socket: S, error: unknown): void;
  /** What the subscription of a topic had missed was read from its log. */
  repaired?(topic: string): void;
}

const PAGE = 100;
/** How much is written at a time. With what may wait besides it is well below `MAX_BUFFER_BYTES`, so catching up is not cut as slow. */
const BATCH_BYTES = 64 * 1024;

/** One socket's listening to one topic: from joining, over catching up, to being level. */
export interface Attendance {
  /** Where the log stands for this worker: whoever is shown the log up to here can `follow` from here. */
  readonly cursor: Position;
  /** Brings the cursor to where the log stands now, also where that is another epoch. Never rejects. */
  check(): Promise<void>;
  /** Sends all after `position` at the socket's own pace, then lets it into the live feed, in the turn in which it is level. */
  follow(position: Position): void;
  /** Takes back this attendance: the socket goes on where it was before `attend`, missing nothing. */
  cancel(): void;
}

/** How far a socket was brought. */
interface Standing {
  /** All up to here was handed to the socket; unknown until it is told to follow. While it is level, the watch's cursor counts. */
  position: Position | undefined;
}

/** A topic that somebody on this worker listens to. */
interface Channel<S> {
  readonly opened: Promise<Watch>;
  /** Set once it is open. */
  watching: Watch | undefined;
  /** Everybody who attends, with the standing that counts (a later one replaces an earlier). */
  readonly attending: Map<S, Standing>;
  readonly level: Set<S>;
}

interface Follower<S> {
  readonly topic: string;
  readonly channel: Channel<S>;
  readonly watching: Watch;
  readonly socket: S;
  readonly standing: Standing;
}

/** Whether this is still the attendance of its socket that counts. */
const isCurrent = <S>({ channel, socket, standing }: Follower<S>) => channel.attending.get(socket) === standing;

/**
 * Brings logs to sockets: every entry after a socket's position, in order and once, without a gap between what it missed and what is
 * live, however slowly it reads.
 */
export class Feeds<S extends Listener> {
  readonly #log: Log;
  readonly #delivery: Delivery<S>;
  readonly #logger: Logger;
  readonly #channels = new Map<string, Channel<S>>();

  constructor(log: Log, delivery: Delivery<S>, logger: Logger) {
    this.#log = log;
    this.#delivery = delivery;
    this.#logger = logger;
  }

  /** Topics with a listener on this worker. */
  get size(): number {
    return this.#channels.size;
  }

  /** Whether a socket attends a topic, level or not. */
  attends(topic: string, socket: S): boolean {
    return this.#channels.get(topic)?.attending.has(socket) ?? false;
  }

  /**
   * Begins to listen. What the socket had of the topic before is over: it is sent nothing until `follow`. Rejects when the topic
   * cannot be opened, which leaves the socket out of it.
   */
  async attend(topic: string, socket: S): Promise<Attendance> {
    const channel = this.#channels.get(topic) ?? this.#open(topic);
    const before = channel.attending.get(socket);
    // In this turn: whatever comes next is for the new attendance, or is still missing for the old one if that has to go on.
    this.#lower(topic, channel, socket);
    const standing: Standing = { position: undefined };
    channel.attending.set(socket, standing);
    try {
      const watching = await channel.opened;
      const follower = { topic, channel, watching, socket, standing };
      return {
        get cursor() {
          return watching.cursor;
        },
        check: () => watching.check(),
        follow: (position) => this.#start(follower, position),
        cancel: () => this.#cancel(follower, before),
      };
    } catch (error) {
      if (channel.attending.get(socket) === standing) this.leave(topic, socket);
      throw error;
    }
  }

  leave(topic: string, socket: S): void {
    const channel = this.#channels.get(topic);
    if (!channel?.attending.has(socket)) return;
    this.#lower(topic, channel, socket);
    channel.attending.delete(socket);
    if (channel.attending.size > 0) return;
    this.#channels.delete(topic);
    channel.opened.then(
      (watching) => watching.close(),
      () => {},
    );
  }

  /** Ends everybody's listening. */
  close(): void {
    for (const [topic, { attending }] of this.#channels)
      for (const socket of attending.keys()) this.leave(topic, socket);
  }

  #open(topic: string): Channel<S> {
    const level = new Set<S>();
    const opened = watch(this.#log, topic, {
      entry: (entry) => this.#delivery.broadcast(topic, entry, level),
      reset: (position) => this.#delivery.reset(topic, position),
      failed: (error) => this.#logger.warn({ err: error }, "a log could not be read; it will be repaired"),
      repaired: () => this.#delivery.repaired?.(topic),
    }).then((watching) => (channel.watching = watching));
    const channel: Channel<S> = { opened, watching: undefined, attending: new Map(), level };
    this.#channels.set(topic, channel);
    return channel;
  }

  /** Takes a socket out of the live feed, where it is in it, and remembers how far that has brought it. */
  #lower(topic: string, { attending, level, watching }: Channel<S>, socket: S): void {
    const standing = attending.get(socket);
    if (!level.delete(socket) || !standing) return;
    standing.position = watching?.cursor;
    this.#delivery.left?.(socket, topic);
  }

  #start(follower: Follower<S>, position: Position): void {
    // Also of one that was replaced meanwhile: if the later one is cancelled, this one goes on from here.
    follower.standing.position = position;
    if (isCurrent(follower)) void this.#follow(follower, position);
  }

  #cancel(follower: Follower<S>, before: Standing | undefined): void {
    const { topic, channel, socket } = follower;
    if (!isCurrent(follower)) return;
    if (!before) return this.leave(topic, socket);
    // Not the same object, lest what was sending for it before goes on beside what starts here; unless it never started.
    const standing = before.position ? { ...before } : before;
    channel.attending.set(socket, standing);
    if (standing.position) void this.#follow({ ...follower, standing }, standing.position);
  }

  /** Synchronous up to the first `await`: a socket that is level already enters in the turn of the call. */
  async #follow(follower: Follower<S>, from: Position): Promise<void> {
    const { topic, channel, watching, socket, standing } = follower;
    try {
      for (let position = from; isCurrent(follower); position = standing.position ?? position) {
        if (!socket.connected) return this.leave(topic, socket);
        if (isSamePlace(position, watching.cursor)) {
          channel.level.add(socket);
          return this.#delivery.entered?.(socket, topic);
        }
        await paced(socket.conn, () => this.#catchUp(follower, position));
      }
    } catch (error) {
      if (isCurrent(follower)) this.#delivery.failed(socket, error);
    }
  }

  /** Sends one batch. */
  async #catchUp(follower: Follower<S>, from: Position): Promise<void> {
    const { topic, watching, socket, standing } = follower;
    if (!isCurrent(follower) || !socket.connected) return;
    const span = await this.#log.read(topic, { after: from.seq, upTo: watching.cursor.seq, limit: PAGE });
    if (!isCurrent(follower)) return;
    if (span.epoch !== from.epoch || span.head < from.seq || span.first > from.seq + 1)
      return this.#goOn(follower, from);
    // The watch knows of more than the log shows, or of another epoch: it has to look again before we can be level with it.
    if (span.entries.length === 0) await watching.check();
    let bytes = 0;
    for (const entry of span.entries) {
      standing.position = placeOf(entry);
      await this.#delivery.send(socket, topic, entry);
      bytes += sizeOf(entry);
      if (bytes >= BATCH_BYTES || !isCurrent(follower)) return;
    }
  }

  /** The log is no longer what it was at `from`: tells the socket where it goes on. */
  async #goOn(follower: Follower<S>, from: Position): Promise<void> {
    const { topic, socket, standing } = follower;
    const resumption = await this.#log.resume(topic, from);
    if (!isCurrent(follower) || isSamePlace(resumption.from, from)) return;
    standing.position = resumption.from;
    this.#delivery.reset(topic, resumption.from, socket);
  }
}
