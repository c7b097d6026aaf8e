import type { Connection } from "./connection.ts";
import { nowUs } from "./clock.ts";
import { LatencyHistogram } from "./histogram.ts";
import { RoomOrder, Sequence } from "./order.ts";
import type { Outlet } from "./outlet.ts";
import { readStamped, stampedText } from "./stamp.ts";

/** After the last of all that was expected, doubles of it may still come. */
const QUIET_US = 100_000;
/** Nothing for so long, and what is missing is lost; a server that is far behind its load is waited for no longer than the other. */
const LOST_AFTER_US = 1_000_000;
const LATE_AFTER_US = 15_000_000;
const LOOK_EVERY_MS = 5;
/** The length of a server's frame header, by its payload's. */
const LENGTH_16 = 126;
const LENGTH_64 = 65_536;

/** A room in which messages are sent. */
export interface PhaseRoom {
  readonly name: string;
  /** How many take turns to send to it. */
  readonly senders: number;
  readonly listeners: number;
}

export interface PhaseOptions {
  readonly rooms: readonly PhaseRoom[];
  readonly textBytes: number;
  readonly outlet: Outlet;
  /** The clients whose every frame is looked into. */
  readonly sample: readonly Connection[];
  /** Told of each answer, by the place of its message among all that were sent. */
  readonly onAnswer?: (index: number) => void;
}

interface Room extends PhaseRoom {
  readonly order: RoomOrder;
  /** The number of the last message that was sent to it before. */
  readonly before: number;
}

/** The warm-up, or what counts: sends messages, and keeps the accounts of what becomes of them. */
export class Phase {
  sent = 0;
  acked = 0;
  refused = 0;
  received = 0;
  expected = 0;
  bytes = 0;
  lost = 0;
  readonly latency = new LatencyHistogram();
  readonly ackLatency = new LatencyHistogram();
  readonly #options: PhaseOptions;
  readonly #rooms: ReadonlyMap<string, Room>;
  readonly #sequences: readonly Sequence[];
  readonly #firstAck: number;
  /** When each message was due. */
  readonly #dues: number[] = [];

  constructor(options: PhaseOptions) {
    const { rooms, outlet, sample } = options;
    this.#options = options;
    this.#firstAck = outlet.nextAck;
    this.#rooms = new Map(rooms.map((room) => [room.name, this.#begin(room)]));
    this.#sequences = sample.flatMap((connection) => this.#follow(connection));
  }

  get doubled(): number {
    return this.#sum(({ doubled }) => doubled);
  }

  get missing(): number {
    return this.#sum(({ missing }) => missing);
  }

  get swapped(): number {
    return this.#sum(({ swapped }) => swapped);
  }

  /** Sends the next message to a room. */
  send(client: Connection | undefined, roomName: string, dueUs: number): void {
    const room = this.#rooms.get(roomName);
    if (!room) throw new RangeError(`The room ${roomName} is not one of this phase`);
    const { outlet, textBytes } = this.#options;
    room.order.sent++;
    this.sent++;
    this.expected += room.listeners;
    this.#dues.push(dueUs);
    outlet.send(client, roomName, stampedText(dueUs, outlet.count(roomName), textBytes));
  }

  answered(ack: number, isOk: boolean, atUs: number): void {
    const index = ack - this.#firstAck;
    const dueUs = this.#dues[index];
    if (dueUs === undefined) return;
    if (isOk) this.acked++;
    else this.refused++;
    this.ackLatency.record(atUs - dueUs);
    this.#options.onAnswer?.(index);
  }

  delivered({ sequences }: Connection, buffer: Buffer, start: number, end: number, atUs: number): void {
    const length = end - start;
    this.received++;
    this.bytes += length + (length < LENGTH_16 ? 2 : length < LENGTH_64 ? 4 : 10);
    if (!sequences) return;
    const stamped = readStamped(buffer, start, end);
    const sequence = stamped && sequences.get(stamped.room);
    const number = stamped ? stamped.number - (this.#rooms.get(stamped.room)?.before ?? 0) : 0;
    // What a phase before this one sent is none of its business.
    if (!stamped || !sequence || number <= 0) return;
    this.latency.record(atUs - stamped.dueUs);
    sequence.heard(number);
  }

  /** Notes that a client was lost. */
  lose(): void {
    this.lost++;
  }

  /** Resolves once all has come that was expected and nothing more does, or once there is nothing to wait for. */
  async settled(): Promise<void> {
    const endUs = nowUs() + LATE_AFTER_US;
    let last = -1;
    let changedUs = nowUs();
    for (;;) {
      const came = this.received + this.acked + this.refused;
      if (came !== last) changedUs = nowUs();
      last = came;
      const quietUs = nowUs() - changedUs;
      if (quietUs > (this.#isComplete ? QUIET_US : LOST_AFTER_US) || nowUs() > endUs) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  get #isComplete(): boolean {
    const { answers } = this.#options.outlet;
    return this.received >= this.expected && (!answers || this.acked + this.refused >= this.sent);
  }

  #begin(room: PhaseRoom): Room {
    const { outlet } = this.#options;
    const order = new RoomOrder(outlet.keepsOrder ? room.senders : Number.POSITIVE_INFINITY);
    return { ...room, order, before: outlet.numbers.get(room.name) ?? 0 };
  }

  #follow(connection: Connection): Sequence[] {
    const sequences = new Map<string, Sequence>();
    for (const name of connection.client.rooms) {
      const room = this.#rooms.get(name);
      if (room) sequences.set(name, new Sequence(room.order));
    }
    connection.sequences = sequences;
    return [...sequences.values()];
  }

  #sum(of: (sequence: Sequence) => number): number {
    return this.#sequences.reduce((sum, sequence) => sum + of(sequence), 0);
  }
}
