/** What is sent, in both directions and by every way. */
export interface Message {
  /** Counts up from 1 in each direction. */
  readonly number: number;
  /** When it was to be sent, not when it was: nanoseconds of `process.hrtime`, which all processes of a host share. */
  readonly due: string;
  readonly room: string;
  readonly from: string;
  readonly text: string;
}

/** Of a message as JSON. */
export const MESSAGE_BYTES = 180;

const TEXT =
  "Could you look at the last release before we go on, please? It seems to me that two of the doors do not close. ";

/** A message of exactly `MESSAGE_BYTES`, whatever its number. */
export function compose(number: number, dueNs: bigint): Message {
  const message = { number, due: String(dueNs).padStart(18, "0"), room: "lobby", from: "ann", text: "" };
  const left = MESSAGE_BYTES - JSON.stringify(message).length;
  return { ...message, text: TEXT.repeat(2).slice(0, left) };
}
