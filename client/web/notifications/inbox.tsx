import { useEffect, useState } from "preact/hooks";
import type { Notification, Notify } from "../../index.ts";
import { useLive } from "../live.ts";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { dayOf, daysBetween, minutes } from "../ui/time.tsx";
import { useAttempt } from "../ui/toasts.tsx";
import { failureOf, wordsFor } from "../ui/words.ts";
import { Item } from "./item.tsx";
import { focusNeighbour } from "./keys.ts";

export type Filter = "all" | "unread";

interface InboxProps {
  readonly inbox: Notify;
  readonly filter: Filter;
}

/** The notifications, by day. In the list of unread ones, those that are read here stay until one goes out of it. */
export function Inbox({ inbox, filter }: InboxProps) {
  const { notifications, status, more, unread } = useLive(inbox);
  const [justRead, setJustRead] = useState<ReadonlySet<string>>(new Set());
  const [currentId, setCurrentId] = useState<string>();
  const now = useLive(minutes);
  const attempt = useAttempt();
  useEffect(() => {
    if (unread === 0) setJustRead(new Set());
  }, [unread]);
  const shown = filter === "all" ? notifications : notifications.filter(({ id, read }) => !read || justRead.has(id));
  const current = shown.some(({ id }) => id === currentId) ? currentId : shown[0]?.id;
  const acts = {
    onFocus: setCurrentId,
    onRead: (id: string) => {
      setJustRead((ids) => new Set(ids).add(id));
      void attempt(() => inbox.markRead([id]));
    },
    onArchive: (id: string) => {
      focusNeighbour(id);
      void attempt(() => inbox.archive([id]));
    },
  };
  if (shown.length === 0 && !more) return status === "live" ? <Nothing filter={filter} /> : null;
  return (
    <>
      {daysOf(shown, now).map(({ day, name, notifications: ofDay }) => (
        <section key={day} class="inbox-day" aria-label={name}>
          <h2>{name}</h2>
          <ul role="list">
            {ofDay.map((notification) => (
              <Item
                key={notification.id}
                notification={notification}
                isCurrent={notification.id === current}
                {...acts}
              />
            ))}
          </ul>
        </section>
      ))}
      {more && <Older inbox={inbox} shown={shown.length} isLive={status === "live"} />}
    </>
  );
}

function Nothing({ filter }: { readonly filter: Filter }) {
  return filter === "all" ? (
    <EmptyState icon="inbox" title="Nothing has come in yet">
      <p>What is sent to you, and to the topics that you subscribe to, is kept here until you archive it.</p>
    </EmptyState>
  ) : (
    <EmptyState icon="check-circle" title="All is read" />
  );
}

interface Day {
  readonly day: number;
  readonly name: string;
  readonly notifications: Notification[];
}

function daysOf(notifications: readonly Notification[], now: number): readonly Day[] {
  const days: Day[] = [];
  for (const notification of notifications) {
    const day = daysBetween(notification.at, now);
    const last = days.at(-1);
    if (last?.day === day) last.notifications.push(notification);
    else days.push({ day, name: dayOf(notification.at, now), notifications: [notification] });
  }
  return days;
}

interface OlderProps {
  readonly inbox: Notify;
  /** How many there are before it. */
  readonly shown: number;
  readonly isLive: boolean;
}

/** Reads older ones when one comes to the end of the list, again and again for as long as that is in sight. */
function Older({ inbox, shown, isLive }: OlderProps) {
  const [problem, setProblem] = useState<string>();
  const [end, setEnd] = useState<HTMLElement | null>(null);
  const load = () => {
    setProblem(undefined);
    inbox.readMore().catch((error: unknown) => setProblem(wordsFor(failureOf(error))));
  };
  const isTold = problem !== undefined;
  const loaded = useLive(inbox).notifications.length;
  useEffect(() => {
    if (!end || !isLive || isTold) return;
    // Made anew with each page: it tells only of changes, and the end may still be in sight.
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && load(), { rootMargin: "400px" });
    observer.observe(end);
    return () => observer.disconnect();
  }, [end, isLive, isTold, loaded, shown]);
  return (
    <div class="inbox-older" ref={setEnd}>
      {isTold && <p>{problem}</p>}
      <Button onClick={load} disabled={!isLive}>
        Load older
      </Button>
    </div>
  );
}
