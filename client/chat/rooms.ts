import type { Clock } from "../../src/clock.ts";
import type { chat } from "../../src/namespaces/chat/contract.ts";
import type { Channel } from "../channel.ts";
import { RequestError } from "../failure.ts";
import { createLive, type Live } from "../live.ts";
import type { RoomsSnapshot, RoomSummary } from "./index.ts";
import type { Pace } from "./pace.ts";
import type { Room } from "./room.ts";

/** One's own rooms, from the side of whoever attends some of them. */
export interface Rooms extends Live<RoomsSnapshot> {
  /** A room that is attended knows best how it is. */
  attend(room: Room): void;
  /** It is attended no longer; `hasQuit`: nor is one a member. */
  left(id: string, hasQuit: boolean): void;
  close(): void;
}

export interface RoomsOptions {
  readonly clock: Clock;
  readonly pace: Pick<Pace, "take">;
}

/** The time from one answer to the next question: what happens meanwhile is asked for in one go. */
const GAP_MS = { least: 500, most: 30_000 };

/** Where more rooms than these have changed, reading all of them anew costs less than asking for each. */
const MOST_SINGLE = 5;
const PAGE = 100;

/** With which one is no member of a room. */
const PUT_OUT = new Set(["forbidden", "banned"]);

interface Page {
  readonly rooms: readonly RoomSummary[];
  readonly next?: string | undefined;
}

/** Keeps the list of one's own rooms as it is on the server, without asking more often than it has to. */
export function createRooms(channel: Channel<typeof chat>, { clock, pace }: RoomsOptions): Rooms {
  let listed = new Map<string, RoomSummary>();
  let isLoaded = false;
  let isStarted = false;
  let isClosed = false;
  let owner: string | undefined;
  const attended = new Map<string, { room: Room; isLive: boolean; end(): void }>();
  /** The list is to be read; these rooms are to be asked for what is unread. */
  let isStale = false;
  const stale = new Set<string>();
  let isAsking = false;
  let isReading = false;
  let failures = 0;
  let callOff: (() => void) | undefined;
  let callOffPace: (() => void) | undefined;
  const live = createLive<RoomsSnapshot>(() => ({ rooms: [...listed.values()].toSorted(byTime), isLoaded }));

  function update(id: string, change: Partial<RoomSummary>): void {
    const known = listed.get(id);
    if (!known) return;
    const room = { ...known, ...change };
    if (isSame(room, known)) return;
    listed.set(id, room);
    live.changed();
  }

  function remove(id: string): void {
    stale.delete(id);
    // A page on its way may still have it.
    isStale ||= isReading;
    if (listed.delete(id)) live.changed();
  }

  /** Asks for what is not known, unless it is on its way or was answered just now. */
  async function refresh(): Promise<void> {
    if (!isStarted || isClosed || isAsking || callOff || channel.getSnapshot().status !== "open") return;
    if (!isStale && stale.size === 0) return;
    isAsking = true;
    try {
      if (isStale || stale.size > MOST_SINGLE) await readAll();
      else for (const room of Array.from(stale)) await readUnread(room);
      failures = 0;
    } catch {
      failures++;
    }
    isAsking = false;
    if (isClosed) return;
    callOff = clock.after(Math.min(GAP_MS.least * 2 ** failures, GAP_MS.most), () => {
      callOff = undefined;
      void refresh();
    });
  }

  /** Within what the server takes. */
  async function paced(): Promise<void> {
    const waitMs = pace.take();
    if (waitMs > 0) await new Promise<void>((resolve) => (callOffPace = clock.after(waitMs, resolve)));
  }

  async function readAll(): Promise<void> {
    const found = new Map<string, RoomSummary>();
    const reader = owner;
    isStale = false;
    stale.clear();
    isReading = true;
    try {
      for (let page: Page | undefined; !page || page.next !== undefined;) {
        await paced();
        page = await channel.request("room:mine", {
          limit: PAGE,
          ...(page?.next !== undefined && { after: page.next }),
        });
        for (const room of page.rooms) found.set(room.room, room);
      }
    } catch (error) {
      isStale = true;
      throw error;
    } finally {
      isReading = false;
    }
    // Somebody else has signed in meanwhile.
    if (reader !== owner) return;
    for (const id of stale) {
      // It was heard to have changed since its page was read, and is asked for next.
      const [read, heard] = [found.get(id), listed.get(id)];
      if (read && heard) found.set(id, { ...read, head: heard.head, lastAt: heard.lastAt });
    }
    if (!isLoaded || !isSame([...found], [...listed])) live.changed();
    listed = found;
    isLoaded = true;
    for (const { room } of attended.values()) take(room);
  }

  async function readUnread(id: string): Promise<void> {
    stale.delete(id);
    try {
      await paced();
      // A marker never moves back: to move it to the beginning asks where it is, and what comes after it.
      const { seq, unread } = await channel.request("marker:move", { room: id, seq: 0 });
      if (!attended.get(id)?.isLive) update(id, { marker: seq, unread });
    } catch (error) {
      if (error instanceof RequestError && error.retryable) stale.add(id);
      else isStale = true;
      throw error;
    }
  }

  function take(room: Room): void {
    const own = attended.get(room.id);
    if (!isStarted || own?.room !== room) return;
    const { status, failure, head, marker, unread, messages } = room.getSnapshot();
    // While the list is read, nobody can say yet whether the room is in it; it is looked at again afterwards.
    const isLive = status === "live" && !isReading;
    const hasCome = isLive && !own.isLive;
    own.isLive = isLive;
    if (status === "refused" && PUT_OUT.has(failure?.code ?? "")) remove(room.id);
    if (!isLive) return;
    const lastAt = Math.max(messages.at(-1)?.at ?? 0, listed.get(room.id)?.lastAt ?? 0);
    update(room.id, { head, marker, unread, lastAt });
    if (!hasCome || listed.has(room.id)) return;
    isStale = true;
    void refresh();
  }

  function start(): void {
    isStarted = true;
    channel.on("room:changed", ({ room, head, lastAt }) => {
      const known = listed.get(room);
      // Unknown: somebody has let one in. Fewer than there were: its log was lost, and with it what one had read.
      if (!known || head < known.head) isStale = true;
      update(room, { head, lastAt });
      stale.add(room);
      void refresh();
    });
    channel.on("marker:moved", ({ room, user, seq }) => {
      if (user !== owner || !listed.has(room) || attended.get(room)?.isLive) return;
      update(room, { marker: seq });
      stale.add(room);
      void refresh();
    });
    channel.on("member:removed", ({ room, user }) => {
      if (user === owner) remove(room);
    });
    channel.on("room:left", ({ room }) => remove(room));
    channel.whenOpen(({ user }) => {
      if (owner !== undefined && owner !== user.id) {
        listed = new Map();
        isLoaded = false;
        live.changed();
      }
      owner = user.id;
      isStale = true;
      failures = 0;
      callOff?.();
      callOff = undefined;
      void refresh();
    });
  }

  return {
    getSnapshot: live.getSnapshot,
    subscribe(listener) {
      if (!isStarted) start();
      return live.subscribe(listener);
    },
    attend(room) {
      attended.set(room.id, { room, isLive: false, end: room.subscribe(() => take(room)) });
      take(room);
    },
    left(id, hasQuit) {
      attended.get(id)?.end();
      attended.delete(id);
      if (hasQuit) remove(id);
      else if (listed.has(id)) stale.add(id);
      void refresh();
    },
    close() {
      isClosed = true;
      callOff?.();
      callOffPace?.();
    },
  };
}

function byTime(a: RoomSummary, b: RoomSummary): number {
  return b.lastAt - a.lastAt || (a.room < b.room ? -1 : 1);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
