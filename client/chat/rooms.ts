import type { chat } from "../../src/namespaces/chat/contract.ts";
import { askOn } from "../ask.ts";
import type { Channel } from "../channel.ts";
import { after } from "../clock.ts";
import { createLive, type Live } from "../live.ts";
import type { RoomsSnapshot, RoomSummary } from "./index.ts";
import type { Room } from "./room.ts";

/** One's own rooms, from the side of whoever attends some of them. */
export interface Rooms {
  /** What everybody else has of them. */
  readonly live: Live<RoomsSnapshot>;
  /** One of those that are attended is another. */
  show(): void;
  /** One is in it, and so a member. */
  joined(id: string): void;
  /** It is about to be attended no longer; `hasQuit`: nor is one a member. */
  left(id: string, hasQuit: boolean): void;
}

/** The time from one question to the next: what happens meanwhile is asked for in one go. */
const GAP_MS = 1_000;

/**
 * Keeps the list of one's own rooms as it is on the server, without asking more often than it has to. A room that is attended knows best how it
 * is.
 */
export function createRooms(channel: Channel<typeof chat>, attended: ReadonlyMap<string, Room>): Rooms {
  /** As they were last told, or as they were when they were attended. */
  let listed = new Map<string, RoomSummary>();
  let now: RoomsSnapshot = { rooms: [], isLoaded: false };
  let isLoaded = false;
  let isStarted = false;
  let owner: string | undefined;
  /** The list is to be read. */
  let isStale = false;
  /** What was read of a list that is on its way, and after which room its next page begins. */
  let found = new Map<string, RoomSummary>();
  let next: string | undefined;
  let callOff: (() => void) | undefined;
  const { getSnapshot, subscribe, changed: tell } = createLive(() => now);

  const reading = askOn<typeof chat, "room:mine">(channel.socket, "room:mine", {
    input() {
      if (isStale) {
        found = new Map();
        next = undefined;
      }
      isStale = false;
      return owner ? { limit: 100, after: next } : undefined;
    },
    answered(page) {
      for (const room of page.rooms) found.set(room.room, room);
      next = page.next;
      if (next !== undefined) return reading.again();
      listed = found;
      isLoaded = true;
      show();
    },
  });

  function summaryOf(told: RoomSummary): RoomSummary {
    const room = attended.get(told.room)?.getSnapshot();
    if (room?.status !== "live") return told;
    const { head, marker, unread, messages } = room;
    return { ...told, head, marker, unread, lastAt: Math.max(told.lastAt, messages.at(-1)?.at ?? 0) };
  }

  function show(): void {
    for (const [id, told] of listed) listed.set(id, summaryOf(told));
    const shown = { rooms: [...listed.values()].toSorted(byTime), isLoaded };
    if (JSON.stringify(shown) === JSON.stringify(now)) return;
    now = shown;
    tell();
  }

  function remove(id: string): void {
    // A page on its way may still have it.
    if (reading.isPending) refresh();
    listed.delete(id);
    show();
  }

  /** Asks for what is not known, unless that was done just now. */
  function refresh(): void {
    isStale = true;
    if (!isStarted || callOff) return;
    reading.again();
    callOff = after(GAP_MS, () => {
      callOff = undefined;
      if (isStale) refresh();
    });
  }

  function changed(id: string, change: Partial<RoomSummary>): void {
    const known = listed.get(id);
    if (known) listed.set(id, { ...known, ...change });
    show();
    refresh();
  }

  function start(): void {
    isStarted = true;
    channel.on("room:changed", ({ room, ...change }) => changed(room, change));
    channel.on("marker:moved", ({ room, user, seq }) => {
      if (user === owner && !attended.has(room)) changed(room, { marker: seq });
    });
    channel.on("member:removed", ({ room, user }) => {
      if (user === owner) remove(room);
    });
    channel.on("room:left", ({ room }) => remove(room));
    channel.whenOpen(({ user }) => {
      if (owner !== user.id) {
        listed = new Map();
        isLoaded = false;
        show();
      }
      owner = user.id;
      isStale = true;
      reading.again();
    });
  }

  channel.subscribe(() => {
    if (channel.getSnapshot().status === "closed") callOff?.();
  });
  return {
    live: {
      getSnapshot,
      subscribe(listener) {
        if (!isStarted) start();
        return subscribe(listener);
      },
    },
    show,
    joined(id) {
      if (!listed.has(id)) refresh();
    },
    left(id, hasQuit) {
      if (hasQuit) remove(id);
      // What came between its last word and the leaving is asked for.
      else if (listed.has(id)) refresh();
    },
  };
}

function byTime(a: RoomSummary, b: RoomSummary): number {
  return b.lastAt - a.lastAt || (a.room < b.room ? -1 : 1);
}
