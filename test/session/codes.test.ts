import { expect } from "chai";
import { CarillonError, ERRORS, type ErrorCode } from "../../src/index.ts";

const RETRYABLE = ["rate_limited", "room_full", "slow_consumer", "draining", "unavailable", "timeout", "internal"];

const STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthorized: 401,
  token_expired: 401,
  forbidden: 403,
  banned: 403,
  muted: 403,
  not_found: 404,
  unknown_request: 404,
  conflict: 409,
  too_late: 409,
  too_large: 413,
  rate_limited: 429,
  internal: 500,
  room_full: 503,
  slow_consumer: 503,
  draining: 503,
  unavailable: 503,
  timeout: 504,
};

describe("the error codes", () => {
  it("are those of the protocol, each with whose move it is and its HTTP status", () => {
    const retryable = Object.entries(ERRORS).filter(([, row]) => row.retryable);
    expect(retryable.map(([code]) => code)).to.have.members(RETRYABLE);
    expect(Object.fromEntries(Object.entries(ERRORS).map(([code, { status }]) => [code, status]))).to.deep.equal(
      STATUS,
    );
  });

  it("go over the wire with the table's own words, and with nothing that was not meant for it", () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { message, retryable } = ERRORS[code];
      expect(new CarillonError(code, { cause: new Error("secret") }).failure).to.deep.equal({
        code,
        message,
        retryable,
      });
    }
  });
});
