import { expect } from "chai";
import type { Entry, Log, LogListener, Position } from "../../src/log/index.ts";
import { memoryLog } from "../../src/log/memory.ts";
import type { WatchListener } from "../../src/log/watch.ts";
import { fakeClock } from "../kit/clock.ts";
import { hearing } from "./suite/scene.ts";

/** A log of one topic, which is called `topic`. */
export const newLog = (size = 10_000) => memoryLog({ clock: fakeClock(), size, ttlSec: 3600 });

let written = 0;
export const send = (log: Log) => log.append("topic", { id: `id-${written++}`, by: "ann", kind: "sent", body: {} });

/** Entries of about 4 KiB: a few of them are more than a connection is sent ahead. */
export async function sendLarge(log: Log, count: number, topic = "topic"): Promise<void> {
  const content = { text: "x".repeat(4_000) };
  for (let left = count; left > 0; left--)
    await log.append(topic, { id: `id-${written++}`, by: "ann", kind: "sent", body: {}, content });
}

export async function sendMany(log: Log, count: number): Promise<void> {
  for (let left = count; left > 0; left--) await send(log);
}

/** Hears, and fails at once on what does not follow what came before. */
export class Hearer implements WatchListener {
  readonly entries: Entry[] = [];
  readonly resets: Position[] = [];
  readonly failures: unknown[] = [];
  #last: Position | undefined;

  entry(entry: Entry): void {
    const last = this.#last;
    if (last) expect({ epoch: entry.epoch, seq: entry.seq }).to.deep.equal({ epoch: last.epoch, seq: last.seq + 1 });
    this.#last = entry;
    this.entries.push(entry);
  }
  reset(position: Position): void {
    this.#last = position;
    this.resets.push(position);
  }
  failed(error: unknown): void {
    // What a listener throws comes here too, and must not pass for an outage.
    if (error instanceof Error && error.name === "AssertionError") throw error;
    this.failures.push(error);
  }
}

/** A log that can be made to go on as another one, as one that was lost does. */
export function replaceableLog(first: Log): Log & { replace(next: Log): void } {
  let log = first;
  const listeners = new Set<LogListener>();
  const publish = hearing((entry) => listeners.forEach((listener) => listener.entry(entry)));
  void log.subscribe("topic", publish);
  return {
    append: (...args) => log.append(...args),
    find: (...args) => log.find(...args),
    head: (...args) => log.head(...args),
    resume: (...args) => log.resume(...args),
    read: (...args) => log.read(...args),
    messages: (...args) => log.messages(...args),
    count: (...args) => log.count(...args),
    async subscribe(_, listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    replace(next) {
      log = next;
      void log.subscribe("topic", publish);
    },
  };
}
