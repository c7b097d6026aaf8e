import type { Socket as Connection } from "engine.io";
import { CarillonError, type Failure } from "../protocol/errors.ts";
import type { User } from "./caller.ts";
import type { Expiry } from "./expiry.ts";

/** How long a connection is served after its token ran out, so that a refresh under way still finds it. */
const EXPIRY_GRACE_MS = 25_000;

/** What a token, or an `authenticate` hook, says of whoever holds it. Times are epoch milliseconds. */
export interface Identity {
  readonly user: User;
  readonly issuedAt?: number;
  readonly expiresAt?: number;
}

/** The little that a session needs of its socket. */
export interface SessionSocket {
  readonly conn: Connection;
  emit(event: "session:closing", reason: Omit<Failure, "details">): unknown;
  disconnect(): unknown;
}

export interface SessionOptions {
  readonly expiry: Expiry;
  /** The role that its namespace takes; whoever loses it by a refresh is sent away. */
  readonly role: User["roles"][number] | undefined;
  closeTransport(connection: Connection, reason: CarillonError): void;
  /** Counts a close by its code. */
  closing(reason: CarillonError): void;
}

/** One socket's right to be here: its user, for as long as the token holds. */
export class Session {
  readonly #socket: SessionSocket;
  readonly #options: SessionOptions;
  #identity: Identity;
  #closedBy: CarillonError | undefined;
  /** Resolves when all that the client has asked so far is answered; nothing where nothing is under way. It does not reject. */
  underWay: Promise<void> | undefined;

  constructor(socket: SessionSocket, identity: Identity, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#identity = identity;
    this.#watch();
  }

  get user(): User {
    return this.#identity.user;
  }

  /** Why the server has ended it: nothing is served any more, though the transport may still be there. */
  get closedBy(): CarillonError | undefined {
    return this.#closedBy;
  }

  get endsAt(): number {
    return (this.#identity.expiresAt ?? Infinity) + EXPIRY_GRACE_MS;
  }

  expire(): void {
    this.close(new CarillonError("token_expired"));
  }

  /** Goes on with another token of the same user, unless it was ended meanwhile. */
  refresh(identity: Identity): void {
    if (this.#closedBy) return;
    this.#identity = identity;
    this.#watch();
    const { role } = this.#options;
    if (role && !identity.user.roles.includes(role)) this.close(new CarillonError("forbidden"));
  }

  /** Tells the client why it is about to be closed. Only the first reason is told. */
  announce(reason: CarillonError): void {
    if (this.#closedBy) return;
    this.#closedBy = reason;
    this.end();
    this.#options.closing(reason);
    const { details: _, ...failure } = reason.failure;
    this.#socket.emit("session:closing", failure);
  }

  /**
   * Ends it so that a stock client does what the code asks for: a retryable reason ends the transport (the client reconnects by
   * itself), a terminal one the namespace (it does not).
   */
  close(reason: CarillonError): void {
    if (this.#closedBy) return;
    if (reason.failure.retryable) return this.#options.closeTransport(this.#socket.conn, reason);
    this.announce(reason);
    this.#socket.disconnect();
  }

  /** The socket is gone. */
  end(): void {
    this.#options.expiry.forget(this);
  }

  #watch(): void {
    if (this.#identity.expiresAt === undefined) this.#options.expiry.forget(this);
    else this.#options.expiry.watch(this);
  }
}
