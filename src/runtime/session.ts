import type { Socket as Connection } from "engine.io";
import type { Clock } from "../clock.ts";
import { CarillonError, type Failure } from "../protocol/errors.ts";
import type { User } from "./caller.ts";

/** How long a connection is served after its token ran out, so that a refresh under way still finds it. */
const EXPIRY_GRACE_MS = 25_000;

/** What a token, or an `authenticate` hook, says of whoever holds it. Times are epoch milliseconds. */
export interface Identity {
  readonly user: User;
  readonly issuedAt?: number;
  readonly expiresAt?: number;
}

/** One socket's right to be here: its user, for as long as the token holds. */
export interface Session {
  readonly user: User;
  /** Why the server has ended it: nothing is served any more, though the transport may still be there. */
  readonly closedBy: CarillonError | undefined;
  /** Goes on with another token of the same user, unless it was ended meanwhile. */
  refresh(identity: Identity): void;
  /** Tells the client why it is about to be closed. Only the first reason is told. */
  announce(reason: CarillonError): void;
  /**
   * Ends it so that a stock client does what the code asks for: a retryable reason ends the transport (the client reconnects by
   * itself), a terminal one the namespace (it does not).
   */
  close(reason: CarillonError): void;
  /** The socket is gone. */
  end(): void;
}

/** The little that a session needs of its socket. */
export interface SessionSocket {
  readonly conn: Connection;
  emit(event: "session:closing", reason: Omit<Failure, "details">): unknown;
  disconnect(): unknown;
}

export interface SessionOptions {
  readonly clock: Clock;
  /** The role that its namespace takes; whoever loses it by a refresh is sent away. */
  readonly role: User["roles"][number] | undefined;
  closeTransport(connection: Connection, reason: CarillonError): void;
  /** Counts a close by its code. */
  closing(reason: CarillonError): void;
}

export function openSession(socket: SessionSocket, first: Identity, options: SessionOptions): Session {
  const { clock, role, closeTransport, closing } = options;
  let identity = first;
  let closedBy: CarillonError | undefined;
  let stopTimer: (() => void) | undefined;

  function startTimer(): void {
    stopTimer?.();
    if (identity.expiresAt === undefined) return;
    const leftMs = identity.expiresAt + EXPIRY_GRACE_MS - clock.now();
    stopTimer = clock.after(leftMs, () => session.close(new CarillonError("token_expired")));
  }

  const session: Session = {
    get user() {
      return identity.user;
    },
    get closedBy() {
      return closedBy;
    },
    refresh(next) {
      if (closedBy) return;
      identity = next;
      startTimer();
      if (role && !next.user.roles.includes(role)) session.close(new CarillonError("forbidden"));
    },
    announce(reason) {
      if (closedBy) return;
      closedBy = reason;
      stopTimer?.();
      closing(reason);
      const { details: _, ...failure } = reason.failure;
      socket.emit("session:closing", failure);
    },
    close(reason) {
      if (closedBy) return;
      if (reason.failure.retryable) return closeTransport(socket.conn, reason);
      session.announce(reason);
      socket.disconnect();
    },
    end: () => stopTimer?.(),
  };
  startTimer();
  return session;
}
