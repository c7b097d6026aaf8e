import type { Failure } from "../protocol/errors.ts";
import type { User } from "./caller.ts";

/** What a token, or an `authenticate` hook, says of whoever holds it. Times are epoch milliseconds. */
export interface Identity {
  readonly user: User;
  readonly issuedAt?: number;
  readonly expiresAt?: number;
}

/** One socket's right to be here: its user, for as long as the token holds. */
export interface Session {
  readonly identity: Identity;
  readonly user: User;
  /** Tells the client why, and ends the connection so that a stock client does what the code asks for. */
  close(failure: Failure): void;
}
