import { EventEmitter } from "node:events";
import type { Socket as Connection } from "engine.io";
import { expect } from "chai";
import { sizeOf } from "../../src/log/budget.ts";
import type { Entry, Log, Position } from "../../src/log/index.ts";
import { silent } from "../../src/logger.ts";
import { type Delivery, Feeds, type Listener } from "../../src/runtime/feed.ts";

/** As much of an engine.io connection as pacing looks at. It takes what is written to it a turn later, unless it is paused. */
export class FakeConnection extends EventEmitter {
  readyState = "open";
  readonly writeBuffer: unknown[] = [];
  /** `bufferedAmount`: bytes that were written and not taken. */
  readonly transport = Object.assign(new EventEmitter(), { socket: { bufferedAmount: 0 } });
  mostAhead = 0;
  #paused = false;
  #taking = false;

  write(bytes: number): void {
    const { socket } = this.transport;
    socket.bufferedAmount += bytes;
    this.mostAhead = Math.max(this.mostAhead, socket.bufferedAmount);
    if (!this.#paused) this.#takeSoon();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#takeSoon();
  }

  close(): void {
    this.readyState = "closed";
    this.emit("close");
  }

  /** Who waits for it to be drained. */
  get waiting(): number {
    return this.transport.listenerCount("ready");
  }

  #takeSoon(): void {
    if (this.#taking) return;
    this.#taking = true;
    setImmediate(() => {
      this.#taking = false;
      if (this.#paused) return;
      this.transport.socket.bufferedAmount = 0;
      this.transport.emit("ready");
    });
  }
}

/** A socket that fails at once on an entry that does not follow the one before, counted from where it was told to follow. */
export class FakeSocket implements Listener {
  connected = true;
  readonly connection: FakeConnection;
  readonly conn: Connection;
  readonly entries: Entry[] = [];
  readonly resets: Position[] = [];
  readonly failures: unknown[] = [];
  /** Whether it is in the live feed. */
  level = false;
  #last: Position | undefined;

  constructor(connection = new FakeConnection()) {
    this.connection = connection;
    // The test's own stand-in meets the type of the real one.
    this.conn = connection as unknown as Connection;
  }

  /** From here on, entries have to follow this position. */
  expectAfter(position: Position): void {
    this.#last = position;
  }

  hear(entry: Entry): void {
    const { epoch, seq } = this.#last ?? expect.fail("it was sent an entry before it was told to follow");
    expect({ epoch: entry.epoch, seq: entry.seq }).to.deep.equal({ epoch, seq: seq + 1 });
    this.#last = entry;
    this.entries.push(entry);
    this.connection.write(sizeOf(entry));
  }

  hearReset(position: Position): void {
    this.#last = position;
    this.resets.push(position);
  }
}

/** Feeds to fake sockets; what goes wrong in a delivery ends up in `broken`, since nobody else would hear of it. */
export function fakeFeeds(log: Log, over: Partial<Delivery<FakeSocket>> = {}) {
  const broken: unknown[] = [];
  const sockets = new Set<FakeSocket>();
  const attempt = (act: () => void) => {
    try {
      act();
    } catch (error) {
      broken.push(error);
    }
  };
  const feeds = new Feeds<FakeSocket>(
    log,
    {
      broadcast: (_, entry, level) => level.forEach((socket) => attempt(() => socket.hear(entry))),
      send: (socket, _, entry) => attempt(() => socket.hear(entry)),
      reset: (_, position, socket) =>
        (socket ? [socket] : [...sockets]).forEach((each) => attempt(() => each.hearReset(position))),
      entered(socket) {
        sockets.add(socket);
        socket.level = true;
      },
      left(socket) {
        sockets.delete(socket);
        socket.level = false;
      },
      failed: (socket, error) => socket.failures.push(error),
      ...over,
    },
    silent,
  );
  return { feeds, broken };
}

/** Attends and follows from a position of the log's epoch; from where the log stands, unless given. */
export async function join(feeds: Feeds<FakeSocket>, socket: FakeSocket, seq?: number, topic = "topic"): Promise<void> {
  const { cursor, follow } = await feeds.attend(topic, socket);
  const position = { epoch: cursor.epoch, seq: seq ?? cursor.seq };
  socket.expectAfter(position);
  follow(position);
}
