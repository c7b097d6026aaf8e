import { type ComponentChild, type VNode } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Room, RoomSnapshot } from "../../index.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { dayOf, minutes } from "../ui/time.tsx";
import { wordsFor } from "../ui/words.ts";
import { useLive } from "../live.ts";
import { useIsLookedAt } from "./focus.ts";
import { moveByKey } from "./log-keys.ts";
import { type Paging, useBreak, useNews, usePaging, useReadUpTo } from "./log-hooks.ts";
import { type Around, MessageItem, OutgoingItem } from "./message.tsx";
import { createRows, keyOf, type LineRow, type Row } from "./rows.ts";
import { Scroller, type Where } from "./scroller.tsx";
import { isDirect } from "./words.ts";

interface MessageLogProps {
  readonly room: Room;
  readonly snapshot: RoomSnapshot;
  readonly title: string;
  /** All but `show`, which is the log's own. */
  readonly around: Omit<Around, "show">;
  /** Leads to where one writes. */
  readonly onLeave: () => void;
}

const AT_END: Where = { isAtEnd: true, isNearTop: false, isFarFromEnd: false };

/** The messages of a room. */
export function MessageLog({ room, snapshot, title, around: given, onLeave }: MessageLogProps) {
  const { messages, outgoing, more, unread, status } = snapshot;
  const scroller = useRef<Scroller<Row>>(null);
  const { where, now, onMove } = useWhere();
  const isReading = useIsLookedAt() && where.isAtEnd;
  const readUpTo = useReadUpTo(snapshot, isReading);
  const broken = useBreak(room);
  const paging = usePaging(room, snapshot, where.isNearTop);
  const news = useNews(room, given.me.id);
  const makeRows = useMemo(createRows, [room]);
  const rows = useMemo(
    () => makeRows({ messages, outgoing, more, me: given.me.id, readUpTo, broken }),
    [messages, outgoing, more, given.me.id, readUpTo, broken],
  );
  const around = useMemo<Around>(
    () => ({ ...given, show: ({ from, id }) => showRow(scroller.current, keyOf(from.id, id)) }),
    [given],
  );
  const draw = useDraw(around, { snapshot, title, paging });
  useFirstPlace(scroller, rows, status === "live");
  useFollowOwn(scroller, outgoing.at(-1)?.id);
  useEffect(() => {
    // By where one is now: it may have changed since this was drawn.
    if (isReading && now.current.isAtEnd && unread > 0 && status === "live") room.markRead();
  }, [room, isReading, unread, status]);
  const onKeyDown = useCallback((event: KeyboardEvent) => moveByKey(event, onLeave), [onLeave]);
  return (
    <div class="log-frame">
      <Scroller
        ref={scroller}
        label="Messages"
        rows={rows}
        draw={draw}
        guess={guess}
        onMove={onMove}
        onKeyDown={onKeyDown}
      />
      {(where.isFarFromEnd || (!where.isAtEnd && unread > 0)) && (
        <button type="button" class="to-newest" onClick={() => scroller.current?.toEnd()}>
          <Icon name="arrow-down" size={16} />
          Jump to newest
          <Badge count={unread} of="new" />
        </button>
      )}
      <p class="unseen" role="status">
        {news}
      </p>
    </div>
  );
}

function useWhere() {
  const [where, setWhere] = useState(AT_END);
  const now = useRef(where);
  const onMove = useCallback((next: Where) => {
    now.current = next;
    setWhere((before) => (isSame(before, next) ? before : next));
  }, []);
  return { where, now, onMove };
}

function isSame(one: Where, other: Where): boolean {
  return one.isAtEnd === other.isAtEnd && one.isNearTop === other.isNearTop && one.isFarFromEnd === other.isFarFromEnd;
}

/** Whoever comes into a room begins to read with what is new. */
function useFirstPlace(scroller: { current: Scroller<Row> | null }, rows: readonly Row[], isLive: boolean): void {
  const isPlaced = useRef(false);
  useLayoutEffect(() => {
    if (isPlaced.current || !isLive) return;
    isPlaced.current = true;
    const first = rows.find(({ kind }) => kind === "new");
    if (first) scroller.current?.show(first.key, 0.2);
  }, [isLive, rows]);
}

/** What one writes oneself is seen at once. */
function useFollowOwn(scroller: { current: Scroller<Row> | null }, last: string | undefined): void {
  const known = useRef(last);
  useLayoutEffect(() => {
    if (last !== undefined && last !== known.current) scroller.current?.toEnd();
    known.current = last;
  }, [last]);
}

function showRow(scroller: Scroller<Row> | null, key: string): void {
  if (!scroller?.show(key, 0.4)) return;
  // Once it is drawn.
  requestAnimationFrame(() => {
    const item = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
    item?.focus({ preventScroll: true });
    item?.classList.add("is-shown");
    item?.addEventListener("animationend", () => item.classList.remove("is-shown"), { once: true });
  });
}

interface Setting {
  readonly snapshot: RoomSnapshot;
  readonly title: string;
  readonly paging: Paging;
}

/** Draws rows; a message that is the same, among the same, is not even compared again while one scrolls. */
function useDraw(around: Around, setting: Setting): (row: Row) => ComponentChild {
  const drawn = useMemo(() => new WeakMap<Row, VNode>(), [around]);
  return (row) => {
    if (row.kind === "top") return <Top key={row.key} row={row} {...setting} />;
    if (row.kind === "day") return <Day key={row.key} name={row.key} at={row.at} />;
    if (row.kind !== "message" && row.kind !== "outgoing") return <Line key={row.key} row={row} />;
    let item = drawn.get(row);
    if (!item) {
      item =
        row.kind === "message" ? (
          <MessageItem key={row.key} row={row} around={around} />
        ) : (
          <OutgoingItem key={row.key} row={row} around={around} />
        );
      drawn.set(row, item);
    }
    return item;
  };
}

function Day({ name, at }: { readonly name: string; readonly at: number }) {
  const now = useLive(minutes);
  return (
    <h2 class="log-line is-day" data-key={name}>
      <span>{dayOf(at, now)}</span>
    </h2>
  );
}

const LINES = { new: "New messages", lost: "The room’s log was lost", missed: "Some messages are missing here" };

function Line({ row }: { readonly row: LineRow }) {
  const text = row.kind === "top" ? "" : LINES[row.kind];
  return (
    <div class={`log-line is-${row.kind}`} data-key={row.key} role="separator" aria-label={text}>
      <span>{text}</span>
    </div>
  );
}

/** What is above the oldest message. */
function Top({ row, snapshot, title, paging }: Setting & { readonly row: LineRow }) {
  const { messages, outgoing, more, status } = snapshot;
  const [first] = messages;
  if (paging.failure)
    return (
      <div class="log-top" data-key={row.key}>
        <span>Older messages could not be read. {wordsFor(paging.failure)}</span>
        <Button look="quiet" icon="retry" onClick={paging.retry}>
          Retry
        </Button>
      </div>
    );
  const isWaiting = status === "joining" && !first;
  if (isWaiting || more || (first && first.seq > 1))
    return (
      <div class="log-top" data-key={row.key}>
        {isWaiting ? "Loading messages …" : more ? "Loading older messages …" : "Older messages are not kept"}
      </div>
    );
  return (
    <div class="log-top is-beginning" data-key={row.key}>
      <Icon name="chat" size={28} />
      <p class="log-beginning">
        {isDirect(snapshot.room) ? "This is the beginning of your conversation with" : "This is the beginning of"}{" "}
        <bdi>{title}</bdi>
      </p>
      {!first && outgoing.length === 0 && <p>Nobody has written here yet. Be the first.</p>}
    </div>
  );
}

const LINE_PX = 22;
const LETTER_PX = 7.2;
const MARGINS_PX = 110;

/** Near enough that the scrollbar does not jump about. */
function guess(row: Row, widthPx: number): number {
  if (row.kind !== "message" && row.kind !== "outgoing") return 48;
  const about = row.kind === "message" ? row.entry : row.message;
  const letters = Math.max((widthPx - MARGINS_PX) / LETTER_PX, 20);
  const text = about.text ?? "";
  const lines = Math.min(Math.ceil(text.length / letters) + text.split("\n", 16).length - 1, 17);
  return Math.max(lines, 1) * LINE_PX + (row.isFirst ? 36 : 6) + (about.replyTo === undefined ? 0 : 28);
}
