import { refusalOf } from "../../kit/refusal.ts";
import { randomUUID } from "node:crypto";
import type { Appended, Draft, Entry, Guard, Log, LogListener } from "../../../src/log/index.ts";

export interface LogOptions {
  readonly size: number;
  readonly ttlSec: number;
  /** Which kinds count against `size`; all do, unless given. */
  readonly counts?: (kind: string) => boolean;
}

/** A log under test. */
export interface OpenedLog {
  readonly log: Log;
  /**
   * Lets so much time pass by the log's own clock; a negative number turns it back. A store with a clock of its own shifts what its
   * scripts take for the time: no test relies on its standing still meanwhile.
   */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export type OpenLog = (options: LogOptions) => Promise<OpenedLog>;

interface Written {
  readonly by?: string;
  readonly text?: string;
  readonly guard?: Guard;
}

/** One topic of a log that a test has for itself, and short words for what is done to it. */
export interface Scene extends OpenedLog {
  readonly topic: string;
  append(draft: Partial<Draft>, guard?: Guard): Promise<Appended>;
  /** `text` is the id's own, unless given. */
  send(id: string, written?: Written): Promise<Appended>;
  edit(id: string, target: number, written?: Written): Promise<Appended>;
  erase(id: string, target: number, written?: Written): Promise<Appended>;
  /** Every entry that is still there. */
  entries(): Promise<readonly Entry[]>;
  /** Where the log ends, so that a test can say that nothing was written. */
  head(): Promise<number>;
}

export type Enter = (options?: Partial<LogOptions>) => Promise<Scene>;

/** Gives every test of a suite its own log, which is closed after it. */
export function scenes(open: OpenLog): Enter {
  const opened: OpenedLog[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });
  return async (options = {}) => {
    const store = await open({ size: 1000, ttlSec: 3600, ...options });
    opened.push(store);
    return setScene(store);
  };
}

/** Another topic of the same log. */
export function setScene(store: OpenedLog): Scene {
  const topic = `topic-${randomUUID()}`;
  const { log } = store;
  const append = (draft: Partial<Draft>, guard?: Guard) =>
    log.append(topic, { id: randomUUID(), by: "ann", kind: "sent", body: {}, ...draft }, guard);
  return {
    ...store,
    topic,
    append,
    send: (id, { by = "ann", text = id, guard } = {}) => append({ id, by, content: { text } }, guard),
    edit: (id, target, { by = "ann", text = id, guard } = {}) =>
      append({ id, by, kind: "edited", content: { text }, amends: { target, how: "revise" } }, guard),
    erase: (id, target, { by = "ann", guard } = {}) =>
      append({ id, by, kind: "deleted", amends: { target, how: "erase" } }, guard),
    entries: async () => (await log.read(topic, { after: 0, limit: Infinity })).entries,
    head: async () => (await log.head(topic)).head,
  };
}

/** A listener for whom only entries count. */
export const hearing = (entry: (entry: Entry) => void): LogListener => ({ entry, missed() {} });

export const seqsOf = (entries: readonly Entry[]) => entries.map(({ seq }) => seq);
export const textsOf = (entries: readonly Entry[]) => entries.map(({ content }) => content?.text);

/** 1, 2, … or from another number on. */
export const upTo = (last: number, first = 1) =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);

/** The code that something is refused with; fails if it is not. */
export const codeOf = async (attempt: Promise<unknown>) => (await refusalOf(attempt)).code;
