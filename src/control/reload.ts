import type { Clock } from "../clock.ts";
import type { Entry, Head } from "../log/index.ts";
import { applyTo } from "./entry.ts";
import { Standing } from "./standing.ts";

/** What was heard since the feed began, or broke, while what is kept beside the log is being read. */
export interface Reload {
  /** What stood before a log that was lost or rolled back: what is kept now may lack some of it. */
  readonly stood: Standing | undefined;
  readonly heard: Entry[];
}

/** What is kept beside the log, as of its head. */
export interface Snapshot {
  readonly head: Head;
  readonly fields: readonly (readonly [name: string, value: number])[];
}

/** @returns what stands now, and the fields of it that are kept less strictly than they stand. */
export function settle(
  { stood, heard }: Reload,
  { head, fields }: Snapshot,
  clock: Clock,
): { now: Standing; lost: readonly string[] } {
  const now = new Standing(clock, fields);
  const lost: string[] = [];
  if (stood) {
    for (const entry of heard) if (entry.seq <= head.head) applyTo(stood, entry);
    for (const [name, value] of stood.entries) {
      // The stricter of the two: a ban too many is undone by whoever sees it, a lost one is for ever.
      if (now.raise(name, value)) lost.push(name);
    }
  }
  for (const entry of heard) if (entry.seq > head.head) applyTo(now, entry);
  return { now, lost };
}
