import { type ErrorCode, type Failure, RequestError } from "../../index.ts";

/** What a failure means for whoever reads it, and what can be done. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  unavailable: "There is no connection at the moment. Try again when you are back online.",
  timeout: "No answer came in time. Try again in a moment.",
  internal: "Something went wrong on the server. Try again in a moment.",
  draining: "The server is restarting. Try again in a moment.",
  slow_consumer: "This page could not keep up with what came. Load it again.",
  rate_limited: "That was too much at once. Wait a moment, then try again.",
  room_full: "The room is full. Try again later.",
  bad_request: "The server does not take this.",
  unauthorized: "This token is not taken here. Check that it was copied whole.",
  token_expired: "Your sign-in has run out. Sign in again.",
  forbidden: "You may not do that.",
  not_found: "It is not there, or not any more.",
  conflict: "It has changed meanwhile.",
  too_large: "That is more than is taken.",
  too_late: "It is too long ago.",
  banned: "You are banned.",
  muted: "You are muted, and cannot write.",
};

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A failure in words; where a place knows better what a code means there, it says so in `special`. */
export function wordsFor(failure: Failure, special: Partial<Record<ErrorCode, string>> = {}): string {
  const words = special[failure.code] ?? WORDS[failure.code] ?? failure.message;
  const untilAt = failure.details?.["untilAt"];
  return typeof untilAt === "number" ? `${words} It ends ${moment.format(untilAt)}.` : words;
}

/** What was thrown, as a failure; what was not foreseen is one of ours. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof RequestError) return thrown.failure;
  return { code: "internal", message: String(thrown), retryable: true };
}
