import type { Entry, Head, Page, Position, Resumption, Span } from "./index.ts";
import { isSamePlace } from "./position.ts";
import { readRecord } from "./record.ts";
import type { Tally } from "./tallies.ts";

/** What a script answers: strings, in the order that its file says. */
export type Reply = readonly string[];

/** The first four: epoch, head, lastAt, id. */
export const headIn = ([epoch = "", head, lastAt, id]: Reply): Head => ({
  epoch,
  head: Number(head),
  lastAt: Number(lastAt),
  ...(id && { id }),
});

/** The rest, after the head. */
const restOf = (reply: Reply): Reply => reply.slice(4);

/** Where a log ends. */
export const endOf = ({ epoch, head, lastAt, id }: Head): Position => ({
  epoch,
  seq: head,
  at: lastAt,
  ...(id !== undefined && { id }),
});

export function spanIn(reply: Reply): Span {
  const head = headIn(reply);
  const [first, from, ...records] = restOf(reply);
  const entries = records.map((record, index) => readRecord(head.epoch, Number(from) + index, record));
  return { ...head, first: Number(first), entries };
}

export function resumptionIn(reply: Reply, seen: Position): Resumption {
  const head = headIn(reply);
  const [seq, id, at] = restOf(reply);
  const from: Position = { epoch: head.epoch, seq: Number(seq), ...(id && { id, at: Number(at) }) };
  return { from: isSamePlace(from, seen) ? seen : from, head };
}

export function pageIn([epoch = "", head, more, ...found]: Reply): Page {
  const entries: Entry[] = [];
  for (let index = 0; index < found.length; index += 3) {
    const [seq, record = "", revised = ""] = found.slice(index, index + 3);
    entries.push(folded(epoch, Number(seq), record, revised));
  }
  return { epoch, head: Number(head), entries: entries.toReversed(), more: more === "1" };
}

export function valuesIn(reply: Reply): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const rest = restOf(reply);
  for (let index = 0; index < rest.length; index += 2) values.set(rest[index] ?? "", rest[index + 1] ?? "");
  return values;
}

/** An author, how many are theirs, the next author, … */
export function tallyIn(text: string): Tally {
  const found = JSON.parse(text) as (string | number)[];
  const by = new Map<string, number>();
  let all = 0;
  for (let place = 0; place < found.length; place += 2) {
    const count = Number(found[place + 1]);
    by.set(String(found[place]), count);
    all += count;
  }
  return { all, by };
}

function folded(epoch: string, seq: number, record: string, revised: string): Entry {
  const message = readRecord(epoch, seq, record);
  if (revised === "") return message;
  const revision = readRecord(epoch, seq, revised);
  return { ...message, content: { ...message.content, ...revision.content }, revisedAt: revision.at };
}
