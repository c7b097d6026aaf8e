import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Failure, RequestError, type Room, type RoomSnapshot } from "../../index.ts";
import type { Break } from "./rows.ts";

/** Where the log does not go on from what was shown before. */
export function useBreak(room: Room): Break | undefined {
  const [broken, setBroken] = useState<Break>();
  useEffect(
    () =>
      room.listen((change) => {
        if (change.kind !== "reset") return;
        const { why, epoch, entries } = change;
        setBroken(why === "joined" ? undefined : { why, epoch, seq: why === "lost" ? 0 : (entries[0]?.seq ?? 0) });
      }),
    [room],
  );
  return broken;
}

/** What one had read when something came that one has not: above it stands that the rest is new. */
export function useReadUpTo(
  { status, epoch, marker, unread, outgoing }: RoomSnapshot,
  isReading: boolean,
): number | undefined {
  const known = useRef<{
    epoch?: string | undefined;
    unread: number;
    last?: string | undefined;
    readUpTo?: number | undefined;
  }>({ unread: 0 });
  if (status !== "live") return known.current.readUpTo;
  const { epoch: before, unread: unreadBefore, last: lastBefore } = known.current;
  const last = outgoing.at(-1)?.id ?? lastBefore;
  let { readUpTo } = known.current;
  // Whoever answers has read what was there.
  if (epoch !== before || last !== lastBefore) readUpTo = undefined;
  const isNews = epoch !== before || (unreadBefore === 0 && !isReading);
  if (unread > 0 && isNews) readUpTo = marker;
  known.current = { epoch, unread, last, readUpTo };
  return readUpTo;
}

export interface Paging {
  readonly failure: Failure | undefined;
  retry(): void;
}

/** As many at once as are read in the time in which one scrolls over the last. */
const PAGE = 100;

/** Reads older messages when they are `wanted`, one page after another. */
export function usePaging(room: Room, { status, more, messages }: RoomSnapshot, wanted: boolean): Paging {
  const [failure, setFailure] = useState<Failure>();
  const isBusy = useRef(false);
  const [turn, setTurn] = useState(0);
  // A new connection is worth another try.
  useEffect(() => setFailure(undefined), [status]);
  useEffect(() => {
    if (!wanted || !more || status !== "live" || isBusy.current || failure) return;
    isBusy.current = true;
    room
      .readMore(PAGE)
      .catch((error: unknown) => error instanceof RequestError && setFailure(error.failure))
      .finally(() => {
        isBusy.current = false;
        setTurn((before) => before + 1);
      });
  }, [room, wanted, more, status, messages, failure, turn]);
  const retry = useCallback(() => setFailure(undefined), []);
  return { failure, retry };
}

/** So many are read out; of more, how many there are. */
const MOST_TOLD = 3;

/** So long what comes is gathered, so that it is told in one go. */
const GATHER_MS = 500;

/** What others have just written, for a screen reader. */
export function useNews(room: Room, me: string): string {
  const [news, setNews] = useState("");
  useEffect(() => {
    let gathered: string[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      timer = undefined;
      setNews(gathered.length > MOST_TOLD ? `${gathered.length} new messages` : gathered.join("\n"));
      gathered = [];
    };
    const end = room.listen((change) => {
      if (change.kind !== "sent" || change.from.id === me || change.text === undefined) return;
      gathered.push(`${change.from.name}: ${change.text}`);
      timer ??= setTimeout(tell, GATHER_MS);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [room, me]);
  return news;
}
