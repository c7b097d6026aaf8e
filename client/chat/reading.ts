import type { Socket } from "socket.io-client";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import { askOn } from "../ask.ts";
import type { Entry, Joined } from "./follow.ts";
import type { Timeline } from "./timeline.ts";

/** What one has read of a room, on all of one's devices. */
export interface Reading {
  /**
   * `marker`: up to this `seq`; also where the server does not know of it yet. `unread`: how many undeleted messages of others come after it:
   * exactly, where they are held; else as the server counted, and what came since.
   */
  readonly now: { readonly marker: number; readonly unread: number };
  /** What a join tells. What the server was not told before is told now. */
  joined(data: Pick<Joined, "head" | "marker" | "unread">): void;
  /** An entry that comes next. */
  heard(entry: Entry): void;
  /** One has read up to `seq`, here or (`isElsewhere`) on another device. Never backwards. */
  move(seq: number, isElsewhere?: boolean): void;
  /** The log begins anew. */
  lost(): void;
  /** There is no connection: nothing is told before the next join. */
  stop(): void;
  /** Nothing is told any more. */
  end(): void;
}

/** At most one request is on its way; what is read meanwhile goes with the next. */
export function createReading(
  socket: Socket,
  room: string,
  timeline: Pick<Timeline, "epoch" | "head" | "unread">,
  self: () => string | undefined,
  changed: () => void,
): Reading {
  let marker = 0;
  let counted = 0;
  /** Entries up to here are in what the server has counted. */
  let countedTo = 0;
  let isJoined = false;
  let isDue = false;
  let isTelling = false;
  let epoch: string | undefined;

  const telling = askOn<typeof chat, "marker:move">(socket, "marker:move", {
    input() {
      if (!isJoined || !(isDue || isTelling)) return undefined;
      isTelling = true;
      isDue = false;
      epoch = timeline.epoch;
      return { room, seq: marker, epoch };
    },
    answered({ seq, unread }) {
      isTelling = false;
      if (epoch !== timeline.epoch || seq < marker) return;
      marker = seq;
      counted = unread;
      countedTo = timeline.head;
      changed();
    },
    // It is corrected by the next join.
    refused() {
      isTelling = false;
    },
  });

  const count = (after: number) => (timeline.head < countedTo ? undefined : timeline.unread(after, self()));

  function due(): void {
    isDue = true;
    telling.again();
  }

  return {
    get now() {
      return { marker, unread: count(marker) ?? counted + (count(countedTo) ?? 0) };
    },
    joined({ head, unread, marker: told }) {
      isJoined = true;
      marker = Math.max(told, isDue || isTelling ? marker : 0);
      counted = unread;
      countedTo = head;
      telling.again();
    },
    heard({ kind, seq, target = 0 }) {
      // Whether it was counted is known to the server alone.
      if (
        kind === "deleted" &&
        seq > countedTo &&
        target > marker &&
        target <= countedTo &&
        count(marker) === undefined
      )
        due();
    },
    move(seq, isElsewhere) {
      if (seq <= marker) return;
      marker = seq;
      changed();
      if (!isElsewhere || count(seq) === undefined) due();
    },
    lost() {
      marker = counted = countedTo = 0;
      isDue = isTelling = false;
    },
    stop() {
      isJoined = false;
    },
    end: telling.end,
  };
}
