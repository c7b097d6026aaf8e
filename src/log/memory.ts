import { createHash, randomBytes } from "node:crypto";
import type { Log } from "./index.ts";
import { MemoryTopic, type Retention } from "./topic.ts";

export interface MemoryLogOptions extends Omit<Retention, "counts"> {
  /** All kinds count, unless given. */
  readonly counts?: Retention["counts"];
}

/** Logs in this process's memory: for one process, for tests and for demonstrations. They are lost with it. */
export function memoryLog({ counts = () => true, ...options }: MemoryLogOptions): Log {
  const retention = { ...options, counts };
  const topics = new Map<string, MemoryTopic>();
  const seed = randomBytes(16);
  const bornAt = options.clock.now();
  let sweep = topics.values();

  /** Follows from the name, so that a log which is only ever read has its epoch without taking any room. */
  const epochOf = (name: string) => createHash("sha256").update(seed).update(name).digest("base64url").slice(0, 12);

  /** For looking at: anybody may ask for any name. */
  function peek(name: string): MemoryTopic {
    const topic = topics.get(name) ?? new MemoryTopic(epochOf(name), retention, bornAt);
    topic.trim();
    return topic;
  }

  /** For keeping. */
  function open(name: string): MemoryTopic {
    const topic = peek(name);
    topics.set(name, topic);
    return topic;
  }

  /** Logs that nobody looks at lose what is too old all the same: each append sees to one of them. */
  function sweepNext(): void {
    const { value, done } = sweep.next();
    if (done) sweep = topics.values();
    else value.trim();
  }

  return {
    async append(name, draft, guard = {}) {
      const topic = peek(name);
      const appended = topic.append(draft, guard);
      // Not before: what was refused must not take any room.
      topics.set(name, topic);
      sweepNext();
      return appended;
    },
    find: async (name, by, id) => peek(name).find(by, id),
    head: async (name) => open(name).head,
    resume: async (name, seen) => open(name).resume(seen),
    read: async (name, { after, upTo = Infinity, limit }) => peek(name).read(after, upTo, limit),
    messages: async (name, { before = Infinity, limit }) => peek(name).messages(before, limit),
    count: async (name, { after, upTo = Infinity, except }) => peek(name).count(after, upTo, except),
    async subscribe(name, listener) {
      const { listeners } = open(name);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
