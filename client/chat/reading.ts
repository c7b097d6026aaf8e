import type { Clock } from "../../src/clock.ts";
import type { RequestError } from "../failure.ts";
import type { Entry, Joined } from "./follow.ts";

/** What one has read of a room, on all of one's devices. */
export interface Reading {
  /** Up to this `seq`; also where the server does not know of it yet. */
  readonly marker: number;
  /** How many undeleted messages of others come after it: exactly, where they are held; else as the server counted, and what came since. */
  readonly unread: number;
  /** What a join tells. What the server was not told before is told now. */
  joined(data: Pick<Joined, "head" | "marker" | "unread">): void;
  /** An entry that comes next; before it is applied. */
  heard(entry: Entry): void;
  /** One has read up to `seq`, here or (`elsewhere`) on another device. Never backwards. */
  move(seq: number, elsewhere?: "elsewhere"): void;
  /** The log begins anew. */
  lost(): void;
  /** Nothing is told any more. */
  stop(): void;
}

export interface ReadingOptions {
  readonly clock: Clock;
  self(): string | undefined;
  find(seq: number): Entry | undefined;
  /** How many are unread after this `seq`, where all of them are held. */
  count(marker: number): number | undefined;
  /** Tells the server; `undefined` while nobody can be told. */
  tell(marker: number): Promise<{ readonly seq: number; readonly unread: number }> | undefined;
  changed(): void;
}

const RETRY_MS = 1_000;

/** At most one request is on its way; what is read meanwhile goes with the next. */
export function createReading({ clock, self, find, count, tell, changed }: ReadingOptions): Reading {
  let marker = 0;
  let counted = 0;
  /** Entries up to here are in what the server has counted. */
  let countedTo = 0;
  let heardTo = 0;
  let isDue = false;
  let isTelling = false;
  /** While it is set, the server wants to be left alone. */
  let callOff: (() => void) | undefined;
  /** Another one for each log. */
  let log = {};

  async function flush(): Promise<void> {
    const telling = !isTelling && isDue && tell(marker);
    if (!telling) return;
    const own = log;
    isDue = false;
    isTelling = true;
    try {
      const { seq, unread } = await telling;
      if (own === log && seq >= marker) [marker, counted, countedTo] = [seq, unread, heardTo];
    } catch (error) {
      const { retryable, retryAfterMs = RETRY_MS } = error as RequestError;
      // What is refused for good is corrected by the next join.
      if (own === log && retryable) {
        isDue = true;
        callOff = clock.after(retryAfterMs, again);
      }
    }
    isTelling = false;
    changed();
    if (!callOff) void flush();
  }

  function again(): void {
    callOff?.();
    callOff = undefined;
    void flush();
  }

  function due(): void {
    isDue = true;
    if (!callOff) void flush();
  }

  return {
    get marker() {
      return marker;
    },
    get unread() {
      return count(marker) ?? counted;
    },
    joined({ head, unread, ...data }) {
      marker = Math.max(data.marker, isDue || isTelling ? marker : 0);
      counted = unread;
      countedTo = head;
      again();
    },
    heard({ kind, seq, from, deletedAt, target = 0 }) {
      heardTo = seq;
      if (seq <= countedTo) return;
      if (kind === "sent" && seq > marker && from.id !== self() && deletedAt === undefined) counted++;
      if (kind !== "deleted" || target <= marker) return;
      const message = find(target);
      // Whose it was is not known here.
      if (!message) due();
      else if (message.from.id !== self() && message.deletedAt === undefined) counted--;
    },
    move(seq, elsewhere) {
      if (seq <= marker) return;
      marker = seq;
      changed();
      if (!elsewhere || count(seq) === undefined) due();
    },
    lost() {
      log = {};
      marker = counted = countedTo = heardTo = 0;
      isDue = false;
    },
    stop() {
      isDue = false;
      callOff?.();
    },
  };
}
