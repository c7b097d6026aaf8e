import type { ErrorCode, Failure } from "../src/protocol/errors.ts";

/** What a client itself has to say; everything else is said by the server. */
const OWN = {
  unavailable: "There is no connection at the moment.",
  timeout: "No answer in time; the outcome is unknown.",
  too_large: "There is more of it than is kept.",
  slow_consumer: "It was not read fast enough.",
  conflict: "The room's log was lost since this was written.",
} satisfies Partial<Record<ErrorCode, string>>;

type OwnCode = keyof typeof OWN;

/**
 * The one error of this client: a request was refused, or could not be made. `code` is one of the table in the reference; where `retryable`
 * is true, the same may be tried again, after `retryAfterMs` where that is given.
 */
export class RequestError extends Error {
  override readonly name = "RequestError";
  /** As it came over the wire. */
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }

  get code(): ErrorCode {
    return this.failure.code;
  }

  get retryable(): boolean {
    return this.failure.retryable;
  }

  /** Milliseconds. */
  get retryAfterMs(): number | undefined {
    return this.failure.retryAfterMs;
  }
}

/** A failure that no server has told: there is no connection, or no answer came. */
export function ownFailure(code: OwnCode): Failure {
  return {
    code,
    message: OWN[code],
    retryable: code === "unavailable" || code === "timeout" || code === "slow_consumer",
  };
}
