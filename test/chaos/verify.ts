import type { Acknowledged, Heard, Loss, Membership, Place, Records, StoredLog } from "./records.ts";

export const VIOLATIONS = {
  lost: "a message is missing where it has to be",
  doubled: "a message is there twice",
  swapped: "messages came in another order",
  reused: "a place of an epoch was given to two messages",
  unstored: "something was acknowledged that is not in the log",
  untold: "a log went on from elsewhere and a member was not told",
  early: "something of a room came before the ack of the join",
  needless: "a loss was told where nothing was lost",
} as const;

export interface Violation {
  readonly kind: keyof typeof VIOLATIONS;
  readonly room: string;
  readonly detail: string;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  /** Acknowledged messages that Redis lost, all of them by a fault that excuses it and with every member told. */
  readonly lost: number;
  /** How often a room began a new epoch. */
  readonly epochs: number;
  /** Places of an epoch that was over soon after: given to another message before it was noticed that Redis had lost the first. */
  readonly again: number;
}

type Report = (kind: Violation["kind"], detail: string) => void;

/**
 * Holds what everybody saw against what there is. It proves that
 * - every member's view of a room, made of nothing but what it heard by the rules of the protocol, is what the log holds: all of it,
 *   each message once, in one order, without a hole between any join and the end;
 * - whatever Redis lost was told to everybody who had been beyond it, since otherwise their view would differ;
 * - every acknowledged message is in its place, unless a fault took it from Redis and the epoch that it was given is over;
 * - no place of an epoch was silently given to two messages, whoever saw them, and no message is in a log twice.
 */
export function verify(records: Records): Verdict {
  const violations: Violation[] = [];
  let lost = 0;
  let epochs = 0;
  let again = 0;
  for (const log of records.logs) {
    const { room } = log;
    const report: Report = (kind, detail) => violations.push({ kind, room, detail });
    const acknowledged = records.acknowledged.filter((each) => each.room === room);
    const memberships = records.memberships.filter((each) => each.room === room);
    for (const { member, heard } of memberships) {
      const view = new View((kind, detail) => report(kind, `${member}: ${detail}`));
      for (const each of heard) view.hear(each);
      view.compare(log);
    }
    checkLog(log, report);
    lost += checkAcknowledged(acknowledged, log, records.losses, report);
    const places = collect(placesOf(acknowledged, memberships, log));
    const given = checkPlaces(places, log.epoch, acknowledged, records.losses, report);
    epochs += given.epochs - 1;
    again += given.again;
  }
  return { violations, lost, epochs, again };
}

/** What a member knows of a room, by what it heard. */
class View {
  readonly #report: Report;
  #connection = 0;
  #epoch = "";
  /** All up to here was heard, or was there before the head that was told. */
  #position = 0;
  readonly #held = new Map<number, string>();
  /** What was left out so far. */
  readonly #missing = new Set<number>();

  constructor(report: Report) {
    this.#report = report;
  }

  hear(heard: Heard): void {
    if (heard.what === "joined") return this.#join(heard);
    if (heard.what === "page") return this.#fill(heard);
    if (heard.connection !== this.#connection) {
      const told = heard.what === "entry" ? `${heard.seq} of ${heard.epoch}` : "a reset";
      this.#report("early", `${told} on connection ${heard.connection}`);
    }
    if (heard.what === "entry") return this.#take(heard);
    if (heard.epoch === this.#epoch) this.#report("needless", `a reset within ${heard.epoch}`);
    this.#restart(heard.epoch, heard.head);
  }

  compare(log: StoredLog): void {
    if (this.#epoch !== log.epoch) this.#report("untold", `is in ${this.#epoch}, the log in ${log.epoch}`);
    const stored = new Map(log.entries.map(({ seq, message }) => [seq, message]));
    const seen = new Map<string, number>();
    for (const [seq, message] of this.#held) {
      const there = stored.get(seq);
      if (there !== message) this.#report("untold", `has ${message} at ${seq}, the log ${there ?? "nothing"}`);
      const first = seen.get(message);
      if (first !== undefined) this.#report("doubled", `has ${message} at ${first} and at ${seq}`);
      seen.set(message, seq);
    }
    for (const [seq, message] of stored)
      if (!this.#held.has(seq)) this.#report("lost", `has nothing at ${seq}, the log ${message}`);
    for (const seq of this.#missing) if (!stored.has(seq)) this.#report("lost", `never heard of ${seq}`);
  }

  #join({ connection, since, epoch, head, recovered, entries }: Extract<Heard, { what: "joined" }>): void {
    this.#connection = connection;
    if (recovered === true) {
      if (since?.epoch !== epoch)
        this.#report("untold", `was brought from ${since?.epoch} to ${epoch} as if nothing was`);
      for (const entry of entries) this.#take(entry);
      if (this.#position > head) this.#report("swapped", `got ${this.#position} with an ack whose head is ${head}`);
      return;
    }
    if (since?.epoch === epoch) this.#report("needless", `was not recovered at ${since.seq} of ${epoch}, head ${head}`);
    this.#restart(epoch, head);
    this.#fill({ epoch, entries });
  }

  #restart(epoch: string, position: number): void {
    this.#epoch = epoch;
    this.#position = position;
    this.#held.clear();
    this.#missing.clear();
  }

  /** The next entry, if all is well. */
  #take({ epoch, seq, message }: Place): void {
    if (epoch !== this.#epoch) {
      this.#report("untold", `heard ${seq} of ${epoch} while in ${this.#epoch}`);
      this.#epoch = epoch;
    }
    if (seq <= this.#position) {
      if (this.#missing.delete(seq)) this.#report("swapped", `heard ${seq} after ${this.#position}`);
      else this.#report("doubled", `heard ${seq} again, after ${this.#position}`);
    }
    for (let left = this.#position + 1; left < seq; left++) this.#missing.add(left);
    this.#position = Math.max(this.#position, seq);
    this.#held.set(seq, message);
  }

  /** Of what is read, only what is before the told head counts: it must not make up for what should have been heard. */
  #fill({ epoch, entries }: { epoch: string; entries: readonly Place[] }): void {
    if (epoch !== this.#epoch) return;
    for (const { seq, message } of entries)
      if (seq <= this.#position && !this.#missing.has(seq)) this.#held.set(seq, message);
  }
}

function checkLog({ entries }: StoredLog, report: Report): void {
  const seen = new Map<string, number>();
  let last = 0;
  for (const { seq, message } of entries) {
    const first = seen.get(message);
    if (first !== undefined) report("doubled", `the log has ${message} at ${first} and at ${seq}`);
    if (seq <= last) report("swapped", `the log has ${seq} after ${last}`);
    if (seq > last + 1 && last > 0) report("lost", `the log has nothing between ${last} and ${seq}`);
    seen.set(message, seq);
    last = seq;
  }
}

/** @returns how many are gone with an excuse */
function checkAcknowledged(
  acknowledged: readonly Acknowledged[],
  { epoch, entries }: StoredLog,
  losses: readonly Loss[],
  report: Report,
): number {
  const stored = new Map(entries.map(({ seq, message }) => [seq, message]));
  const first = new Map<string, Acknowledged>();
  let lost = 0;
  for (const each of acknowledged) {
    const { message } = each;
    const before = first.get(message);
    if (before?.epoch === each.epoch && before.seq !== each.seq)
      report("doubled", `${message} was acknowledged as ${before.seq} and as ${each.seq} of ${each.epoch}`);
    first.set(message, each);
    if (stored.get(each.seq) === message) continue;
    const place = `${message} was acknowledged as ${each.seq} of ${each.epoch}`;
    if (each.epoch === epoch) report("unstored", `${place}, and is not there`);
    else if (!losses.some(({ fromMs, untilMs }) => each.atMs >= fromMs && each.atMs <= untilMs))
      report("lost", `${place}, and is gone although no fault can have taken it`);
    else lost++;
  }
  return lost;
}

function* placesOf(
  acknowledged: readonly Acknowledged[],
  memberships: readonly Membership[],
  log: StoredLog,
): Generator<Place> {
  yield* acknowledged;
  for (const { heard } of memberships) {
    for (const each of heard) {
      if (each.what === "entry") yield each;
      // What is read belongs to the epoch of the reply, whichever it was written in.
      else if (each.what !== "reset")
        for (const { seq, message } of each.entries) yield { epoch: each.epoch, seq, message };
    }
  }
  for (const { seq, message } of log.entries) yield { epoch: log.epoch, seq, message };
}

/** Every place that was given in a room, by epoch: each with all the messages that somebody saw there. */
function collect(places: Iterable<Place>): ReadonlyMap<string, ReadonlyMap<number, ReadonlySet<string>>> {
  const epochs = new Map<string, Map<number, Set<string>>>();
  for (const { epoch, seq, message } of places) {
    const known = epochs.get(epoch) ?? new Map<number, Set<string>>();
    epochs.set(epoch, known);
    const messages = known.get(seq);
    if (messages) messages.add(message);
    else known.set(seq, new Set([message]));
  }
  return epochs;
}

/**
 * A place that was given twice is excused where Redis had lost the first, and this was noticed: then the epoch ends while the loss is
 * fresh, and everybody is told. Between the loss and that moment nobody can know.
 * @returns how many epochs there were, and how many places were given again before it was noticed
 */
function checkPlaces(
  epochs: ReturnType<typeof collect>,
  present: string,
  acknowledged: readonly Acknowledged[],
  losses: readonly Loss[],
  report: Report,
): { epochs: number; again: number } {
  let again = 0;
  for (const [epoch, places] of epochs) {
    const lastMs = Math.max(...acknowledged.filter((each) => each.epoch === epoch).map(({ atMs }) => atMs));
    const wasNoticed = epoch !== present && losses.some(({ fromMs, untilMs }) => lastMs >= fromMs && lastMs <= untilMs);
    for (const [seq, messages] of places) {
      if (messages.size === 1) continue;
      if (wasNoticed) again++;
      else report("reused", `${seq} of ${epoch} is ${[...messages].join(" and ")}`);
    }
  }
  if (epochs.size > 1 + losses.length) report("needless", `${epochs.size} epochs with ${losses.length} losses`);
  return { epochs: Math.max(1, epochs.size), again };
}
