import type { ErrorCode, Failure } from "../src/protocol/errors.ts";

/** What a client itself has to say; everything else is said by the server. */
const OWN = {
  unavailable: "There is no connection at the moment.",
  timeout: "No answer in time; the outcome is unknown.",
  too_large: "There is more of it than is kept.",
  slow_consumer: "It was not read fast enough.",
} as const satisfies Partial<Record<ErrorCode, string>>;
type OwnCode = keyof typeof OWN;

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
  declare readonly failure: Failure;

  constructor(failure: Failure) {
    super();
    Object.assign(this, failure, { name: "RequestError", failure });
  }
}

/** A failure that no server has told in these words: there is no connection, no answer came, or there is too much of something. */
export function ownFailure(code: OwnCode): Failure {
  return { code, message: OWN[code], retryable: code !== "too_large" };
}

/** That, as it is thrown. */
export function ownError(code: OwnCode): RequestError {
  return new RequestError(ownFailure(code));
}

/** One that the same request would meet again. */
export function finalFailure(code: ErrorCode, message: string = code): Failure {
  return { code, message, retryable: false };
}

/** The token was not taken. */
export function isUnsigned({ code }: Failure): boolean {
  return code === "unauthorized" || code === "token_expired";
}
