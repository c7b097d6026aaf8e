import { STAMP } from "../wire.ts";
import { fromNs, toNs } from "./clock.ts";

const TIME_DIGITS = 16;
const NUMBER_DIGITS = 8;
const STAMP_LENGTH = 1 + TIME_DIGITS + 1 + NUMBER_DIGITS + 1;
const ZERO = 48;

/** Entries are JSON on every wire, and no field but the text begins with a stamp. */
const TEXT_START = Buffer.from(`"${STAMP}`);
const ROOM_START = Buffer.from('"room":"');
const QUOTE = 34;

/** What a delivery says of the message in it. */
export interface Stamped {
  readonly room: string;
  /** When it was due to be sent, by `nowUs`. */
  readonly dueUs: number;
  readonly number: number;
}

/** The text of a message: a stamp, padded to `bytes`, or the stamp alone where they are fewer. */
export function stampedText(dueUs: number, number: number, bytes: number): string {
  const time = toNs(dueUs).toString().padStart(TIME_DIGITS, "0");
  const count = String(number).padStart(NUMBER_DIGITS, "0");
  return `${STAMP}${time}${STAMP}${count}${STAMP}`.padEnd(bytes, "x");
}

/** Reads the room and the stamp of a delivery between two places of a buffer, without decoding it; nothing where they are not there. */
export function readStamped(buffer: Buffer, start: number, end: number): Stamped | undefined {
  const roomAt = buffer.indexOf(ROOM_START, start) + ROOM_START.length;
  const textAt = buffer.indexOf(TEXT_START, start) + TEXT_START.length;
  if (roomAt < start + ROOM_START.length || textAt < start + TEXT_START.length || textAt + STAMP_LENGTH > end) return;
  return {
    room: buffer.toString("latin1", roomAt, buffer.indexOf(QUOTE, roomAt)),
    dueUs: fromNs(digits(buffer, textAt, TIME_DIGITS)),
    number: digits(buffer, textAt + TIME_DIGITS + 1, NUMBER_DIGITS),
  };
}

function digits(buffer: Buffer, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) value = value * 10 + (buffer[index] ?? ZERO) - ZERO;
  return value;
}
