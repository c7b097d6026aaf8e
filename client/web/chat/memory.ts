import type { Connection, Entry, Room } from "../../index.ts";
import type { Person } from "./text.ts";

/** What somebody is about to write in a room. */
export interface Writing {
  readonly text: string;
  /** The message that it answers. */
  readonly replyTo?: Entry | undefined;
  /** A message of one's own that gets another text; what one was writing waits meanwhile. */
  readonly edit?: { readonly entry: Entry; readonly text: string } | undefined;
}

/** What the chat remembers for as long as the page is there and one is signed in. */
export interface Memory {
  /** By room. */
  readonly writings: Map<string, Writing>;
  /** What people are called, by id; whoever was ever seen. */
  readonly names: Map<string, string>;
  /** The rooms that are attended, the one that was looked at last at the end. */
  readonly attended: Map<string, Room>;
  isMembersOpen: boolean;
}

export const NOTHING_WRITTEN: Writing = { text: "" };

/** Names are short, and there are only so many people whom one can have met. */
const MOST_NAMES = 10_000;

const memories = new WeakMap<Connection, Memory>();

export function memoryOf(connection: Connection): Memory {
  let memory = memories.get(connection);
  if (!memory) {
    memory = { writings: new Map(), names: new Map(), attended: new Map(), isMembersOpen: true };
    memories.set(connection, memory);
  }
  return memory;
}

/** @returns whether anything about them was news */
export function learnNames({ names }: Memory, people: Iterable<Person>): boolean {
  let isNews = false;
  for (const { id, name } of people) {
    if (names.get(id) === name || (names.size >= MOST_NAMES && !names.has(id))) continue;
    names.set(id, name);
    isNews = true;
  }
  return isNews;
}
