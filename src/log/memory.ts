import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import { CarillonError } from "../protocol/errors.ts";
import type { Draft, Entry, Guard, Log } from "./index.ts";

export interface RetentionOptions {
  readonly clock: Clock;
  /** How many counted entries a log holds. */
  readonly size: number;
  /** How long an entry stays. */
  readonly ttlSec: number;
  /** Whether entries of this kind count against `size`; the others go with the counted ones around them. All do, unless given. */
  readonly counts?: (kind: string) => boolean;
}

/** One topic's log. `entries[0]` has the seq `first`; both ends only ever move up. */
interface Topic {
  readonly epoch: string;
  readonly entries: Entry[];
  first: number;
  counted: number;
  lastAt: number;
  /** `at` of the youngest entry that was dropped: below it, the log cannot tell what it once held. */
  forgottenAt: number;
  readonly known: Map<string, number>;
  /** Message seq → seqs of its revisions, oldest first. */
  readonly revisions: Map<number, number[]>;
  readonly listeners: Set<(entry: Entry) => void>;
}

/** Cannot stand in a user id, so that two authors never share a key. */
const idKey = (by: string, id: string) => `${by} ${id}`;

/** Logs in this process's memory: for one process, for tests and for demonstrations. They are lost with it. */
export function memoryLog({ clock, size, ttlSec, counts = () => true }: RetentionOptions): Log {
  const topics = new Map<string, Topic>();

  const headOf = (topic: Topic) => topic.first + topic.entries.length - 1;
  const at = (topic: Topic, seq: number) => topic.entries[seq - topic.first];
  const isMessage = (entry: Entry) => entry.target === undefined && counts(entry.kind);

  function open(name: string): Topic {
    let topic = topics.get(name);
    if (!topic) {
      topic = {
        epoch: randomBytes(9).toString("base64url"),
        entries: [],
        first: 1,
        counted: 0,
        lastAt: clock.now(),
        forgottenAt: -1,
        known: new Map(),
        revisions: new Map(),
        listeners: new Set(),
      };
      topics.set(name, topic);
    }
    trim(topic);
    return topic;
  }

  function trim(topic: Topic): void {
    const oldest = clock.now() - ttlSec * 1000;
    let drop = 0;
    for (const entry of topic.entries) {
      if (topic.counted <= size && entry.at > oldest) break;
      if (counts(entry.kind)) topic.counted--;
      topic.known.delete(idKey(entry.by, entry.id));
      topic.revisions.delete(entry.seq);
      topic.forgottenAt = entry.at;
      drop++;
    }
    if (drop > 0) topic.entries.splice(0, drop);
    topic.first += drop;
  }

  function check(topic: Topic, draft: Draft, guard: Guard): void {
    if (guard.refusal) throw guard.refusal;
    if (guard.epoch !== undefined && guard.epoch !== topic.epoch) throw new CarillonError("conflict");
    if (guard.createdAt !== undefined && guard.createdAt <= topic.forgottenAt) throw new CarillonError("too_late");
    if (!draft.amends) return;
    const target = at(topic, draft.amends.target);
    if (!target || !isMessage(target) || target.erasedAt !== undefined) throw new CarillonError("not_found");
    if (guard.author !== undefined && guard.author !== target.by) throw new CarillonError("forbidden");
  }

  function put(topic: Topic, entry: Entry): void {
    topic.entries[entry.seq - topic.first] = entry;
  }

  function erase(topic: Topic, target: number, erasedAt: number): void {
    for (const seq of [target, ...(topic.revisions.get(target) ?? [])]) {
      const entry = at(topic, seq);
      if (!entry) continue;
      const { content: _, ...rest } = entry;
      put(topic, { ...rest, erasedAt });
    }
    topic.revisions.delete(target);
  }

  /** Synchronous from the first line to the last: that is what makes it atomic. */
  function append(name: string, draft: Draft, guard: Guard) {
    const topic = open(name);
    const known = topic.known.get(idKey(draft.by, draft.id));
    if (known !== undefined) return { entry: at(topic, known) as Entry, duplicate: true };
    check(topic, draft, guard);

    const { amends, id, by, kind, body, content } = draft;
    const seq = headOf(topic) + 1;
    const written: Entry = {
      epoch: topic.epoch,
      seq,
      at: Math.max(clock.now(), topic.lastAt),
      id,
      by,
      kind,
      body,
      ...(content && { content }),
      ...(amends && { target: amends.target }),
    };
    put(topic, written);
    topic.known.set(idKey(by, id), seq);
    topic.lastAt = written.at;
    if (counts(kind)) topic.counted++;
    if (amends?.how === "erase") erase(topic, amends.target, written.at);
    if (amends?.how === "revise")
      topic.revisions.set(amends.target, [...(topic.revisions.get(amends.target) ?? []), seq]);
    trim(topic);
    for (const listener of topic.listeners) listener(written);
    return { entry: written, duplicate: false };
  }

  function fold(topic: Topic, message: Entry): Entry {
    const last = topic.revisions.get(message.seq)?.at(-1);
    const revision = last === undefined ? undefined : at(topic, last);
    if (!revision) return message;
    return { ...message, content: { ...message.content, ...revision.content }, revisedAt: revision.at };
  }

  return {
    append: async (name, draft, guard = {}) => append(name, draft, guard),

    async find(name, by, id) {
      const topic = open(name);
      const seq = topic.known.get(idKey(by, id));
      return seq === undefined ? undefined : at(topic, seq);
    },

    async head(name) {
      const topic = open(name);
      return { epoch: topic.epoch, head: headOf(topic), lastAt: topic.lastAt };
    },

    async read(name, { after, upTo = Infinity, limit }) {
      const topic = open(name);
      const from = Math.max(after + 1, topic.first);
      const to = Math.min(upTo, headOf(topic), from + limit - 1);
      const entries = topic.entries.slice(from - topic.first, Math.max(0, to - topic.first + 1));
      return { epoch: topic.epoch, head: headOf(topic), lastAt: topic.lastAt, first: topic.first, entries };
    },

    async messages(name, { before = Infinity, limit }) {
      const topic = open(name);
      const entries: Entry[] = [];
      let seq = Math.min(before - 1, headOf(topic));
      for (; seq >= topic.first && entries.length <= limit; seq--) {
        const entry = at(topic, seq) as Entry;
        if (isMessage(entry)) entries.push(fold(topic, entry));
      }
      const more = entries.length > limit;
      return { epoch: topic.epoch, entries: entries.slice(0, limit).toReversed(), more };
    },

    async count(name, { after, except }) {
      const topic = open(name);
      const newer = topic.entries.slice(Math.max(0, after + 1 - topic.first));
      return newer.filter((entry) => isMessage(entry) && entry.erasedAt === undefined && entry.by !== except).length;
    },

    exists: async (name) => topics.has(name),

    async subscribe(name, listener) {
      const { listeners } = open(name);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
