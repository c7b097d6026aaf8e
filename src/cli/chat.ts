import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { type Entry, follow, type Joined, type RoomChange } from "../../client/index.ts";
import type { Clock } from "../clock.ts";
import type { Ack } from "../protocol/contract.ts";
import type { Failure } from "../protocol/errors.ts";
import { type ChatSocket, createOutbox, type Outbox } from "./outbox.ts";
import { openScreen, printable, type Screen, type Terminal } from "./screen.ts";

const LEAVE_MS = 1_000;

export interface ChatOptions {
  readonly url: string;
  readonly room: string;
  /** The name of a guest. */
  readonly name: string;
  /** Without one, a guest's token is asked for. */
  readonly token?: string;
}

/** Chats in a room until the input ends or the server has the last word; resolves with the exit code. */
export async function runChat(options: ChatOptions, terminal: Terminal, clock: Clock): Promise<number> {
  const url = options.url.replace(/\/+$/, "");
  let token = options.token;
  try {
    token ??= await guestToken(url, options.name);
  } catch (error) {
    terminal.output.write(`! ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  const socket: ChatSocket = io(`${url}/chat`, { auth: { token }, forceNew: true, autoConnect: false });
  const conversation = new Conversation(socket, options.room, terminal, clock);
  socket.connect();
  return conversation.exitCode;
}

async function guestToken(url: string, name: string): Promise<string> {
  const response = await fetch(`${url}/api/guests`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  }).catch((error: unknown) => {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    throw new Error(`${url} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  const answer = (await response.json().catch(() => undefined)) as Ack<{ token: string }> | undefined;
  if (answer?.ok) return answer.data.token;
  throw new Error(answer ? `No guest's token. ${explain(answer.error)}` : `${url} is no Carillon (${response.status})`);
}

/** One user's stay in one room, over any number of connections. */
class Conversation {
  readonly exitCode: Promise<number>;
  readonly #socket: ChatSocket;
  readonly #room: string;
  readonly #screen: Screen;
  readonly #outbox: Outbox;
  #end: (code: number) => void = () => {};
  /** Who is known to be here, as of `#version`. */
  #members = new Set<string>();
  #version = 0;
  #allSent = true;
  #leaving = false;
  #attending = false;
  #offline = false;
  /** The last entry that was told. */
  #last: Entry | undefined;

  constructor(socket: ChatSocket, room: string, terminal: Terminal, clock: Clock) {
    this.#socket = socket;
    this.#room = room;
    this.#screen = openScreen(terminal, { line: (line) => this.#typed(line), end: () => this.#inputEnded() });
    this.#outbox = createOutbox(socket, {
      room,
      clock,
      newId: randomUUID,
      refused: (text, failure) => this.#notSent(text, failure),
      emptied: () => this.#endIfDone(),
    });
    this.exitCode = new Promise((resolve) => {
      this.#end = (code) => {
        socket.disconnect();
        this.#screen.close();
        resolve(code);
      };
    });
    this.#watchConnection();
    this.#watchPresence();
    follow(socket, room, (change) => this.#changed(change), {
      onJoined: (joined) => this.#joined(joined),
      onFailure: (failure) => {
        this.#screen.print(`! ${room}: ${explain(failure)}`);
        this.#end(1);
      },
    });
  }

  #typed(line: string): void {
    if (this.#leaving || line.trim() === "") return;
    if (line.trim() === "/quit") {
      this.#leaving = true;
      // Whoever says so does not wait for a server that cannot be reached.
      if (this.#outbox.size === 0) this.#leave();
      return;
    }
    if (this.#offline) this.#screen.print(`-- will be sent once connected: ${line}`);
    this.#outbox.add(line);
  }

  #inputEnded(): void {
    this.#leaving = true;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#leaving && this.#attending && this.#outbox.size === 0) this.#leave();
  }

  /** Says so, where it can be heard: whoever merely hangs up is counted as there for 10 s more. */
  #leave(): void {
    const gone = () => this.#end(this.#code);
    if (!this.#socket.connected || !this.#attending) return gone();
    this.#socket.timeout(LEAVE_MS).emit("room:leave", { room: this.#room }, gone);
  }

  get #code(): number {
    return this.#allSent ? 0 : 1;
  }

  #notSent(text: string, failure: Failure): void {
    this.#allSent = false;
    this.#screen.print(`! not sent (${explain(failure)}): ${text}`);
  }

  #watchConnection(): void {
    const socket = this.#socket;
    socket.on("connect_error", (error) => {
      if (socket.active) return this.#notConnected(error.message);
      const { data } = error as Error & { data?: Failure };
      this.#screen.print(`! ${data ? explain(data) : error.message}`);
      this.#end(1);
    });
    socket.on("session:closing", (failure) => this.#screen.print(`-- connection closed (${explain(failure)})`));
    socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") this.#end(1);
      else if (reason !== "io client disconnect") this.#notConnected(reason);
    });
  }

  #notConnected(reason: string): void {
    if (!this.#offline) this.#screen.print(`-- not connected (${reason}); trying again`);
    this.#offline = true;
  }

  #watchPresence(): void {
    this.#socket.on("presence:changed", ({ room, version, joined, left }) => {
      if (room !== this.#room || version <= this.#version) return;
      this.#version = version;
      for (const { id, name } of joined) {
        // What was gathered may be older than the join that told of it.
        if (!this.#members.has(id)) this.#screen.print(`-- ${printable(name)} joined`);
        this.#members.add(id);
      }
      for (const { id, name } of left) {
        if (this.#members.delete(id)) this.#screen.print(`-- ${printable(name)} left`);
      }
    });
  }

  #changed(change: RoomChange): void {
    if (change.kind !== "reset") return this.#show(change);
    if (change.why !== "joined") this.#screen.print("-- some messages are missing here");
    // The newest of a room may reach back to what was shown; in a log that begins anew under other numbers.
    const last = this.#last;
    for (const entry of change.entries) if (!last || isAfter(entry, last)) this.#show(entry);
  }

  #show(entry: Entry): void {
    this.#last = entry;
    const line = lineOf(entry);
    if (line) this.#screen.print(line);
  }

  #joined(joined: Joined): void {
    if (!this.#attending) this.#screen.print(welcome(joined));
    else if (this.#offline) this.#screen.print("-- connected again");
    this.#version = joined.version;
    this.#members = new Set(joined.members.map(({ id }) => id));
    this.#attending = true;
    this.#offline = false;
    this.#outbox.flush();
    this.#endIfDone();
  }
}

function isAfter(entry: Entry, last: Entry): boolean {
  return entry.epoch === last.epoch ? entry.seq > last.seq : entry.at > last.at;
}

function explain({ code, message, details }: Pick<Failure, "code" | "message"> & { details?: unknown }): string {
  return `${code}: ${message}${details ? ` ${JSON.stringify(details)}` : ""}`;
}

function welcome({ room, members, memberCount }: Joined): string {
  const names = members.slice(0, 20).map(({ name }) => printable(name));
  return `-- ${room}: ${memberCount} here (${names.join(", ")}${memberCount > names.length ? ", …" : ""})`;
}

function lineOf({ kind, from, at, text, editedAt, deletedAt }: Entry): string | undefined {
  if (text === undefined || deletedAt !== undefined) return undefined;
  const time = new Date(at).toTimeString().slice(0, 5);
  const edited = kind === "edited" || editedAt !== undefined ? " (edited)" : "";
  return `${time} ${printable(from.name)}${edited}: ${printable(text)}`;
}
