/**
 * Every error code a client can meet, in one table. `retryable` says whose move it is: the client may try the same again
 * (after `retryAfterMs`, where given), or somebody has to change something first. `status` is the code's HTTP status.
 */
export const ERRORS = {
  rate_limited: { retryable: true, status: 429, message: "Too many requests; wait for retryAfterMs." },
  room_full: { retryable: true, status: 503, message: "The room takes nobody else at the moment." },
  slow_consumer: { retryable: true, status: 503, message: "The connection was cut because it did not read." },
  draining: { retryable: true, status: 503, message: "This worker is going away; connect again." },
  unavailable: { retryable: true, status: 503, message: "A part of the service is out; the outcome is unknown." },
  timeout: { retryable: true, status: 504, message: "No answer in time; the outcome is unknown." },
  internal: { retryable: true, status: 500, message: "Something went wrong here; the outcome is unknown." },
  bad_request: {
    retryable: false,
    status: 400,
    message: "The input does not have the form that the contract asks for.",
  },
  unknown_request: { retryable: false, status: 404, message: "There is no request of this name." },
  unauthorized: { retryable: false, status: 401, message: "A valid token is needed." },
  token_expired: { retryable: false, status: 401, message: "The token has run out." },
  forbidden: { retryable: false, status: 403, message: "This user may not do that." },
  not_found: { retryable: false, status: 404, message: "There is no such thing, or not any more." },
  conflict: { retryable: false, status: 409, message: "It contradicts what is there." },
  too_large: { retryable: false, status: 413, message: "It is larger, or more, than is taken." },
  too_late: {
    retryable: false,
    status: 409,
    message: "It is older than the log reaches; whether it was stored is unknown.",
  },
  banned: { retryable: false, status: 403, message: "This user is banned." },
  muted: { retryable: false, status: 403, message: "This user is muted." },
} as const satisfies Record<string, { retryable: boolean; status: number; message: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error as it goes over the wire: in an ack, in a `connect_error`, in an HTTP body. */
export interface Failure {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  retryAfterMs?: number;
  details?: Record<string, unknown>;
}

export interface CarillonErrorOptions {
  /** What somebody may know of the cause; it goes over the wire. */
  details?: Record<string, unknown>;
  retryAfterMs?: number;
  /** What only the log may know. */
  cause?: unknown;
}

/** The one error class: what is thrown anywhere in Carillon to refuse something, and what hooks throw to do the same. */
export class CarillonError extends Error {
  override readonly name = "CarillonError";
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, { details, retryAfterMs, cause }: CarillonErrorOptions = {}) {
    super(ERRORS[code].message, { cause });
    this.code = code;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }

  get failure(): Failure {
    const { retryable, message } = ERRORS[this.code];
    return {
      code: this.code,
      message,
      retryable,
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
      ...(this.details !== undefined && { details: this.details }),
    };
  }

  /** The single door for whatever was thrown: the unforeseen becomes `code`, and keeps its cause for the log alone. */
  static from(thrown: unknown, code: ErrorCode = "internal"): CarillonError {
    return thrown instanceof CarillonError ? thrown : new CarillonError(code, { cause: thrown });
  }
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** More would tell a client's author nothing new. */
const MAX_ISSUES = 10;

/** What a schema found wrong, as an error: where and what, and nothing of the input itself. `at` stands before every path. */
export function badInput(issues: readonly Issue[], ...at: readonly string[]): CarillonError {
  const told = issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({ path: [...at, ...path].join("."), message }));
  return new CarillonError("bad_request", { details: { issues: told } });
}
