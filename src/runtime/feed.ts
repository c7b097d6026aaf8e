import type { Socket as Connection } from "engine.io";
import { sizeOf } from "../log/budget.ts";
import type { Entry, Log, Position } from "../log/index.ts";
import { watch, type Watch } from "../log/watch.ts";
import type { Logger } from "../logger.ts";
import { drained } from "./pace.ts";

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
}

const PAGE = 100;
/** How much a socket is sent ahead of what it has taken. Well below `MAX_BUFFER_BYTES`, so catching up is never cut as slow. */
const BATCH_BYTES = 64 * 1024;

/** One socket's listening to one topic: from joining, over catching up, to being level. */
export interface Attendance {
  /** Where the log stands for this worker: whoever is shown the log up to here can `follow` from here. */
  readonly cursor: Position;
  /** Sends all after `position` at the socket's own pace, then lets it into the live feed, in the turn in which it is level. */
  follow(position: Position): void;
  /** Takes back this attendance: the socket is again what it was before `attend`. */
  cancel(): void;
}

/** A topic that somebody on this worker listens to. */
interface Channel<S> {
  readonly opened: Promise<Watch>;
  /** Everybody who attends, with the attendance that counts (a later one replaces an earlier). */
  readonly attending: Map<S, object>;
  readonly level: Set<S>;
}

interface Follower<S> {
  readonly topic: string;
  readonly channel: Channel<S>;
  readonly watching: Watch;
  readonly socket: S;
  /** Whether this is still the socket's attendance that counts. */
  readonly current: () => boolean;
}

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

  /** Begins to listen. What the socket had of the topic before is over: it is sent nothing until `follow`. */
  async attend(topic: string, socket: S): Promise<Attendance> {
    const channel = this.#channels.get(topic) ?? this.#open(topic);
    const self = {};
    const wasLevel = channel.level.has(socket);
    channel.attending.set(socket, self);
    this.#lower(topic, channel, socket);
    const current = () => channel.attending.get(socket) === self;
    try {
      const watching = await channel.opened;
      const stood = watching.cursor;
      const follower = { topic, channel, watching, socket, current };
      return {
        get cursor() {
          return watching.cursor;
        },
        follow: (position) => void this.#follow(follower, position),
        cancel: () => {
          if (current() && wasLevel) void this.#follow(follower, stood);
          else if (current()) this.leave(topic, socket);
        },
      };
    } catch (error) {
      if (current()) this.leave(topic, socket);
      throw error;
    }
  }

  leave(topic: string, socket: S): void {
    const channel = this.#channels.get(topic);
    if (!channel?.attending.delete(socket)) return;
    this.#lower(topic, channel, socket);
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
    });
    const channel: Channel<S> = { opened, attending: new Map(), level };
    this.#channels.set(topic, channel);
    return channel;
  }

  #lower(topic: string, channel: Channel<S>, socket: S): void {
    if (channel.level.delete(socket)) this.#delivery.left?.(socket, topic);
  }

  /** Synchronous up to the first `await`: a socket that is level already enters in the turn of the call. */
  async #follow(follower: Follower<S>, from: Position): Promise<void> {
    const { topic, channel, watching, socket, current } = follower;
    let position = from;
    try {
      while (current()) {
        if (!socket.connected) return this.leave(topic, socket);
        const { epoch, seq } = watching.cursor;
        if (position.epoch === epoch && position.seq === seq) {
          channel.level.add(socket);
          return this.#delivery.entered?.(socket, topic);
        }
        await drained(socket.conn);
        if (current()) position = await this.#catchUp(follower, position);
      }
    } catch (error) {
      if (current()) this.#delivery.failed(socket, error);
    }
  }

  /** Sends one batch. @returns the position after it. */
  async #catchUp({ topic, watching, socket, current }: Follower<S>, from: Position): Promise<Position> {
    const span = await this.#log.read(topic, { after: from.seq, upTo: watching.cursor.seq, limit: PAGE });
    if (!current()) return from;
    let position = from;
    if (span.epoch !== from.epoch || span.first > from.seq + 1) {
      position = { epoch: span.epoch, seq: span.epoch === from.epoch ? span.first - 1 : 0 };
      this.#delivery.reset(topic, position, socket);
      return position;
    }
    // The watch knows of more than the log shows, or of another epoch: it has to look again before we can be level with it.
    if (span.entries.length === 0) await watching.check();
    let bytes = 0;
    for (const entry of span.entries) {
      const writing = this.#delivery.send(socket, topic, entry);
      if (writing instanceof Promise) await writing;
      if (!current()) break;
      position = { epoch: entry.epoch, seq: entry.seq };
      bytes += sizeOf(entry);
      if (bytes >= BATCH_BYTES) break;
    }
    return position;
  }
}
