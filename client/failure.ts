import type { ErrorCode, Failure } from "../src/protocol/errors.ts";

/** What a client itself has to say; everything else is said by the server. */
const OWN = {
  unavailable: "There is no connection at the moment.",
  timeout: "No answer in time; the outcome is unknown.",
  too_large: "There is more of it than is kept.",
  slow_consumer: "It was not read fast enough.",
} as const satisfies Partial<Record<ErrorCode, string>>;

/**
 * The one error of this client: a request was refused, or could not be made. `code` is one of the table in the reference; where `retryable`
 * is true, the same may be tried again, after `retryAfterMs` where that is given.
 */
export class RequestError extends Error {
  declare readonly code: ErrorCode;
  declare readonly retryable: boolean;
  /** Milliseconds. */
  declare readonly retryAfterMs: number | undefined;
  /** As it came over the wire. */
  readonly failure: Failure;

  constructor(failure: Failure) {
    super();
    Object.assign(this, failure);
    this.name = "RequestError";
    this.failure = failure;
  }
}

/** A failure that no server has told in these words: there is no connection, or no answer came. */
export function ownFailure(code: keyof typeof OWN): Failure;
export function ownFailure(code: ErrorCode, message: string): Failure;
export function ownFailure(code: ErrorCode, message: string = OWN[code as keyof typeof OWN]): Failure {
  return { code, message, retryable: ["unavailable", "timeout", "slow_consumer"].includes(code) };
}

/** The token was not taken. */
export function isUnsigned({ code }: Failure): boolean {
  return code === "unauthorized" || code === "token_expired";
}
