/**
 * How a peer's clients talk: the frames that a load generator writes, and how it tells apart what it reads. All payloads are ASCII, so
 * that a length in characters is one in bytes.
 *
 * Every message that is sent carries a `Stamp` in its text, wherever the peer's own envelope puts that: it is found by searching the
 * frame for its start, not by decoding.
 */
export interface Wire {
  readonly name: "carillon" | "carillon-asking" | "socket.io" | "socket.io-asking" | "plain" | "nchan";
  /** Of the upgrade request, with its query; `user` is who connects. */
  path(user: string, rooms: readonly string[]): string;
  /** Text frames that are written once the websocket is open; `token` is nothing for peers that ask for none. */
  hello(user: string, token: string | undefined): readonly string[];
  /** Whether this frame says that the client was let in. */
  isWelcome(frame: string): boolean;
  /** Asks to enter a room; nothing where entering needs no frame (nchan: the path says it). */
  join(room: string, ack: number): string | undefined;
  /** The number of the ack that this frame is, or -1. */
  ackIn(frame: string): number;
  /** Whether an ack says that what was asked for was done. */
  isOk(frame: string): boolean;
  /** Sends a message to a room and asks for an ack by this number, where the peer has acks. */
  send(room: string, id: string, text: string, ack: number): string;
  /** Whether `send` is answered. */
  readonly acknowledges: boolean;
  /** What begins each delivery of a room's message, as bytes at the start of a frame's payload: `42/chat,["message:sent",`. */
  readonly delivery: string;
  /** Answers the peer's heartbeat, where it has one: the reply to this frame. */
  pong(frame: string): string | undefined;
}

/** The start of every message's text. */
export const STAMP = "~";

/** What a message's text begins with: `~<sender's time in ns, 16 digits>~<number in its room, 8 digits>~`, padded to the text's length. */
export interface Stamp {
  /** By `process.hrtime.bigint()`, which all processes of one host share: when it was due to be sent, not when it was. */
  readonly dueNs: bigint;
  /** Counts up from 1 in each room, over all its senders. */
  readonly number: number;
}
