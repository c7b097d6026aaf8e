import type { Failure, RoomSummary } from "../../index.ts";
import { wordsFor } from "../ui/words.ts";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY_MS = 86_400_000;

/** The hour of a message. */
export function clockOf(at: number): string {
  return clock.format(at);
}

/** The whole of a time. */
export function momentOf(at: number): string {
  return moment.format(at);
}

/** Until when something holds, as the end of a sentence: " until 14:05", or nothing where it has no end. */
export function untilOf(untilAt: unknown, now = Date.now()): string {
  if (typeof untilAt !== "number") return "";
  return ` until ${untilAt - now < DAY_MS ? clockOf(untilAt) : momentOf(untilAt)}`;
}

/** Why a message was not sent. */
export function whyNotSent(failure: Failure): string {
  const until = untilOf(failure.details?.["untilAt"]);
  const reason = failure.details?.["reason"];
  const why = typeof reason === "string" ? ` The reason given: ${reason}` : "";
  if (failure.code === "muted") return `You are muted here${until}.${why}`;
  if (failure.code === "banned") return `You are banned from this room${until}.${why}`;
  return wordsFor(failure, {
    forbidden: "You may not write in this room.",
    too_late: "It has waited too long: nobody can say any more whether it was sent.",
    conflict: "The room’s log was lost after you wrote this.",
    too_large: "It is too long.",
    bad_request: "The server does not take it as it is.",
  });
}

/** Why one is not in a room. */
export function whyNotHere({ code, message, details }: Failure): { readonly title: string; readonly more: string } {
  const reason = details?.["reason"];
  const why = typeof reason === "string" ? `The reason given: ${reason}` : "";
  const until = untilOf(details?.["untilAt"]);
  if (code === "banned") return { title: `You are banned from this room${until}`, more: why };
  if (code === "bad_request")
    return {
      title: "There is no such room",
      more: "A room’s name has 1 to 64 letters, digits, dots, hyphens and underscores.",
    };
  if (code !== "forbidden") return { title: "You cannot be in this room", more: message };
  // The server tells those whom it does not let in nothing more; whoever was there is told why he has to go.
  return details
    ? { title: `You were removed from this room${until}`, more: why }
    : { title: "You are not in this room", more: why || "It is closed to you, or a moderator has removed you." };
}

/** How a room is called: a direct room after the other one of the two. */
export function titleOf(room: string, summary: RoomSummary | undefined, nameOf: (user: string) => string): string {
  if (summary?.with !== undefined) return nameOf(summary.with);
  return isDirect(room) ? "Direct message" : room;
}

/** Whether a room is of two people: the server makes such names, and nobody else can. */
export function isDirect(room: string): boolean {
  return room.startsWith("dm-");
}

/** How many there are of something that has a plural in s. */
export function countOf(count: number, what: string): string {
  return `${count.toLocaleString()} ${what}${count === 1 ? "" : "s"}`;
}
