import type { Entry, Outgoing } from "../../index.ts";

/**
 * What the log is made of, from the top. `key` names a row for as long as it is there. What stands between messages is named after the message
 * below, so that it is another row where something is put in between: nobody's place in the log shall depend on it.
 */
export type Row = LineRow | DayRow | MessageRow | OutgoingRow;

/**
 * `top`: above the oldest message, whether there are older ones. `new`: above the first message that one has not read. `lost`: the log begins
 * anew below. `missed`: more was written than is here.
 */
export interface LineRow {
  readonly kind: "top" | "new" | "lost" | "missed";
  readonly key: string;
}

export interface DayRow {
  readonly kind: "day";
  readonly key: string;
  readonly at: number;
}

export interface MessageRow {
  readonly kind: "message";
  readonly key: string;
  readonly entry: Entry;
  /** It does not go on where its author left off a moment ago, and says who speaks. */
  readonly isFirst: boolean;
}

export interface OutgoingRow {
  readonly kind: "outgoing";
  readonly key: string;
  readonly message: Outgoing;
  readonly isFirst: boolean;
}

/** Where the log did not go on from what was heard before: its newest messages were read instead, from `seq` on. */
export interface Break {
  readonly why: "lost" | "missed";
  readonly epoch: string;
  readonly seq: number;
}

export interface Log {
  readonly messages: readonly Entry[];
  readonly outgoing: readonly Outgoing[];
  /** There are messages before these. */
  readonly more: boolean;
  /** The user who reads. */
  readonly me: string;
  /** What he had read when something was unread: the first message of others after it is new. */
  readonly readUpTo?: number | undefined;
  readonly broken?: Break | undefined;
}

/** After so long, the same author is named again. */
const GROUP_MS = 5 * 60_000;

/** The rows of messages, so that the same message is the same row, and need not be drawn again. */
type Kept = WeakMap<Entry | Outgoing, MessageRow | OutgoingRow>;

/** What a row is about, whether it is stored or not. */
interface Said {
  readonly key: string;
  readonly from: string;
  readonly at: number;
}

/** Makes the rows of a log, time after time. */
export function createRows(): (log: Log) => Row[] {
  const kept: Kept = new WeakMap();
  return (log) => rowsOf(log, kept);
}

function rowsOf(log: Log, kept: Kept): Row[] {
  const { messages, outgoing, me } = log;
  const rows: Row[] = [];
  const begins = createGroups(rows);
  const isNew = createMark(log);
  for (const [index, entry] of messages.entries()) {
    const said = { key: keyOf(entry.from.id, entry.id), from: entry.from.id, at: entry.at };
    if (index === 0) rows.push({ kind: "top", key: `top ${said.key}` });
    const isBroken = isBrokenAt(log, entry, index);
    if (isBroken && log.broken) rows.push({ kind: log.broken.why, key: `broken ${said.key}` });
    const isFirst = begins(said) || isBroken;
    if (!isNew(entry)) rows.push(messageRow(entry, said.key, isFirst, kept));
    else rows.push({ kind: "new", key: `new ${said.key}` }, messageRow(entry, said.key, true, kept));
  }
  if (messages.length === 0) rows.push({ kind: "top", key: "top" });
  if (messages.length === 0 && log.broken?.why === "lost") rows.push({ kind: "lost", key: "broken" });
  for (const message of outgoing) {
    const said = { key: keyOf(me, message.id), from: me, at: message.createdAt };
    rows.push(outgoingRow(message, said.key, begins(said), kept));
  }
  return rows;
}

/** What was missed is there as soon as somebody reads back; what was lost is not. */
function isBrokenAt({ messages, broken }: Log, { epoch, seq }: Entry, index: number): boolean {
  if (!broken || broken.epoch !== epoch || seq < broken.seq) return false;
  if (broken.why === "missed") return index === 0;
  const before = messages[index - 1];
  return before === undefined || before.epoch !== epoch || before.seq < broken.seq;
}

/** Finds the first new message: not among those that are here if even the first of them is new, and there are others before it. */
function createMark({ me, more, readUpTo }: Log): (entry: Entry) => boolean {
  let isToCome = readUpTo !== undefined && !more;
  return ({ from, seq }) => {
    if (readUpTo === undefined) return false;
    if (seq <= readUpTo) isToCome = true;
    else if (isToCome && from.id !== me) {
      isToCome = false;
      return true;
    }
    return false;
  };
}

/** Puts a day above each day's first message, and says whether a message begins a group. */
function createGroups(rows: Row[]): (said: Said) => boolean {
  let last: Said | undefined;
  /** A day is looked up when its bounds are crossed, and not for every message. */
  let day = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
  return (said) => {
    const { key, from, at } = said;
    const isNextDay = at < day.from || at >= day.to;
    if (isNextDay) {
      day = dayOf(at);
      rows.push({ kind: "day", key: `day ${key}`, at });
    }
    const isFirst = isNextDay || last?.from !== from || at - last.at > GROUP_MS;
    last = said;
    return isFirst;
  };
}

function messageRow(entry: Entry, key: string, isFirst: boolean, kept: Kept): Row {
  const known = kept.get(entry);
  if (known?.isFirst === isFirst) return known;
  const row: MessageRow = { kind: "message", key, entry, isFirst };
  kept.set(entry, row);
  return row;
}

function outgoingRow(message: Outgoing, key: string, isFirst: boolean, kept: Kept): Row {
  const known = kept.get(message);
  if (known?.isFirst === isFirst) return known;
  const row: OutgoingRow = { kind: "outgoing", key, message, isFirst };
  kept.set(message, row);
  return row;
}

/** The same before and after a message was stored, so that its row stays. */
export function keyOf(user: string, id: string): string {
  return `${user} ${id}`;
}

/** The day of a time, by the clock on the wall: not every day has 24 hours. */
function dayOf(at: number): { from: number; to: number } {
  const date = new Date(at);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return { from: new Date(year, month, day).getTime(), to: new Date(year, month, day + 1).getTime() };
}

/** The message at `seq`, or nothing where it is not loaded. Messages are in the order of `seq`. */
export function messageAt(messages: readonly Entry[], seq: number): Entry | undefined {
  let low = 0;
  let high = messages.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = messages[middle];
    if (found === undefined || found.seq === seq) return found;
    if (found.seq < seq) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
