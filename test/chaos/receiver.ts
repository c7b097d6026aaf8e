import { io, type ManagerOptions, type Socket } from "socket.io-client";
import type { Wire } from "../kit/client.ts";
import type { Heard, Membership, Place } from "./records.ts";

/** An ack that is not there by then is not waited for: the connection is given up. Longer than the server takes for any request. */
const ACK_MS = 12_000;

/** Between two tries of what was refused for now. */
const RETRY_MS = 200;

/** The most that `history:read` gives at once. */
const PAGE = 300;

export interface ReceiverOptions {
  readonly url: string;
  readonly token: string;
  readonly member: string;
  readonly rooms: readonly string[];
  /** Over which transports. */
  readonly coming: Partial<ManagerOptions>;
  /** Whether it says, when it resumes, which message it heard last, or only its number. */
  readonly tellsId: boolean;
}

/** What it keeps of a room, as any client would. */
interface Room {
  readonly name: string;
  readonly heard: Heard[];
  /** The last that was heard, or the head that was told. */
  position: { epoch: string; seq: number; id?: string } | undefined;
  /** Everything after this one is here; what is before has to be read. */
  floor: number;
  joined: boolean;
}

/** A member of rooms, written from the protocol alone over a stock client, who notes everything that it hears. */
export class Receiver {
  readonly memberships: readonly Membership[];
  resets = 0;
  /** Joins that could not go on where the connection before had ended. */
  restarts = 0;
  connections = 0;
  readonly #options: ReceiverOptions;
  readonly #socket: Socket;
  readonly #rooms: ReadonlyMap<string, Room>;

  constructor(options: ReceiverOptions) {
    const { url, token, member, rooms, coming } = options;
    this.#options = options;
    this.#rooms = new Map(
      rooms.map((name) => [name, { name, heard: [], position: undefined, floor: 0, joined: false }]),
    );
    this.memberships = [...this.#rooms.values()].map(({ name: room, heard }) => ({ member, room, heard }));
    const chat = io(`${url}/chat`, {
      forceNew: true,
      ...coming,
      auth: { token },
      reconnectionDelay: 50,
      reconnectionDelayMax: 1_000,
    });
    this.#socket = chat;
    chat.on("message:sent", (entry: Wire) => this.#entry(entry));
    chat.on("room:reset", (reset: Wire) => this.#reset(reset));
    chat.on("connect", () => {
      this.connections++;
      for (const room of this.#rooms.values()) {
        room.joined = false;
        this.#join(room, this.connections);
      }
    });
  }

  /** Whether it has joined all its rooms. */
  get attends(): boolean {
    return [...this.#rooms.values()].every(({ joined }) => joined);
  }

  /** Whether it has heard everything of a room up to its head; of one that it is no member of, there is nothing to hear. */
  isLevel(room: string, head: { epoch: string; seq: number }): boolean {
    const state = this.#rooms.get(room);
    return !state || (state.joined && state.position?.epoch === head.epoch && state.position.seq === head.seq);
  }

  /** How far it is, in words. */
  where(room: string): string {
    const { joined = false, position } = this.#rooms.get(room) ?? {};
    const place = position ? `at ${position.seq} of ${position.epoch}` : "nowhere";
    return `${this.#options.member} is ${place} in ${room}${joined ? "" : ", which it does not attend"}`;
  }

  /** Messages that came as events or with the ack of a resume. */
  heardCount(): number {
    return this.memberships
      .flatMap(({ heard }) => heard)
      .reduce((sum, each) => sum + (each.what === "entry" ? 1 : each.what === "joined" ? each.entries.length : 0), 0);
  }

  /** Reads what was before the head that it was told last, back to the beginning. @throws what stands against it */
  async readBack(): Promise<void> {
    for (const room of this.#rooms.values()) while (room.floor > 0) await this.#readPage(room);
  }

  close(): void {
    this.#socket.disconnect();
    this.#socket.io.engine?.close();
  }

  #join(room: Room, connection: number): void {
    if (connection !== this.connections || !this.#socket.connected) return;
    const since = room.position;
    const input = { room: room.name, ...(since && { since }) };
    // A callback, not a promise: what follows the ack in the same chunk is heard after it.
    this.#socket.timeout(ACK_MS).emit("room:join", input, (error: Error | null, ack: Wire) => {
      if (connection !== this.connections) return;
      if (error) return this.#giveUp();
      if (ack.ok) return this.#joined(room, connection, since, ack.data);
      // After a `timeout` the join may still take place: only a new connection makes it clear.
      if (ack.error.code === "timeout") this.#giveUp();
      else setTimeout(() => this.#join(room, connection), ack.error.retryAfterMs ?? RETRY_MS);
    });
  }

  #joined(room: Room, connection: number, since: Room["position"], { epoch, head, recovered, entries }: Wire): void {
    const places = entries.map(placeOf) as Place[];
    room.heard.push({ what: "joined", connection, ...(since && { since }), epoch, head, recovered, entries: places });
    room.joined = true;
    if (recovered === true) {
      for (const entry of entries) this.#advance(room, entry);
      return;
    }
    if (recovered === false) this.restarts++;
    room.position = { epoch, seq: head };
    room.floor = entries.length > 0 ? entries[0].seq - 1 : head;
  }

  #entry(entry: Wire): void {
    const room = this.#rooms.get(entry.room);
    if (!room) throw new Error(`${this.#options.member} heard of ${entry.room}`);
    room.heard.push({ what: "entry", connection: this.connections, ...placeOf(entry) });
    this.#advance(room, entry);
  }

  #advance(room: Room, { epoch, seq, id }: Wire): void {
    const { position } = room;
    if (position && position.epoch === epoch && position.seq >= seq) return;
    room.position = { epoch, seq, ...(this.#options.tellsId && { id }) };
  }

  #reset({ room: name, epoch, head }: Wire): void {
    const room = this.#rooms.get(name);
    if (!room) return;
    this.resets++;
    room.heard.push({ what: "reset", connection: this.connections, epoch, head });
    room.position = { epoch, seq: head };
    room.floor = head;
    // The newest of what is before, as an app would show it; the rest is read at the end.
    if (head > 0) this.#readPage(room).catch(() => {});
  }

  async #readPage(room: Room): Promise<void> {
    const { floor, position } = room;
    const input = { room: room.name, before: floor + 1, epoch: position?.epoch, limit: PAGE };
    const ack: Wire = await this.#socket.timeout(ACK_MS).emitWithAck("history:read", input);
    if (!ack.ok) throw new Error(`history:read of ${room.name}: ${ack.error.code}`);
    const { epoch, entries, more } = ack.data;
    room.heard.push({ what: "page", connection: this.connections, epoch, entries: entries.map(placeOf) });
    if (room.position?.epoch === epoch && room.floor === floor) room.floor = more ? entries[0].seq - 1 : 0;
  }

  #giveUp(): void {
    this.#socket.io.engine.close();
  }
}

const placeOf = ({ epoch, seq, id, from }: Wire): Place => ({ epoch, seq, message: `${from.id} ${id}` });
