import type { Live } from "../../index.ts";
import { useLive } from "../live.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const dateOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "always", style: "short" });
const named = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

interface TimeProps {
  /** Epoch milliseconds. */
  readonly at: number;
  /** `ago`: how long ago it was, of today; `clock`: the hour alone. */
  readonly form?: "ago" | "clock" | undefined;
}

/** A moment, in words that stay right while they are looked at; the whole of it is its tooltip. */
export function Time({ at, form = "ago" }: TimeProps) {
  const now = useLive(minutes);
  return (
    <time dateTime={new Date(at).toISOString()} title={full.format(at)}>
      {form === "clock" ? clock.format(at) : agoOf(at, now)}
    </time>
  );
}

/** "Now", "5 min. ago", "14:03", "Yesterday, 14:03", "Monday, 14:03", "3 May". */
function agoOf(at: number, now: number): string {
  const passedMs = now - at;
  if (passedMs < MINUTE_MS) return "Now";
  if (passedMs < 60 * MINUTE_MS) return ago.format(-Math.floor(passedMs / MINUTE_MS), "minute");
  const days = daysBetween(at, now);
  if (days === 0) return clock.format(at);
  return days < 7 ? `${dayOf(at, now)}, ${clock.format(at)}` : dayOf(at, now);
}

/** "Today", "Yesterday", "Monday", "3 May", "3 May 2021". */
export function dayOf(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days <= 1) return capitalized(named.format(-Math.max(days, 0), "day"));
  if (days < 7) return capitalized(weekday.format(at));
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? date.format(at) : dateOfYear.format(at);
}

/** Days that begin between the two, by the local calendar. */
export function daysBetween(at: number, now: number): number {
  return Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / DAY_MS);
}

function capitalized(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/** The time (epoch milliseconds), told twice a minute for as long as somebody shows it. */
export const minutes: Live<number> = createMinutes();

function createMinutes(): Live<number> {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => {
    now = Date.now();
    for (const listener of listeners) listener();
  };
  return {
    getSnapshot() {
      if (Date.now() - now > MINUTE_MS) now = Date.now();
      return now;
    },
    subscribe(listener) {
      const own = () => listener();
      listeners.add(own);
      timer ??= setInterval(tick, MINUTE_MS / 2);
      return () => {
        listeners.delete(own);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
