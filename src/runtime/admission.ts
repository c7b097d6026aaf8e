import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import type { Control } from "../control/index.ts";
import type { Logger } from "../logger.ts";
import { CarillonError, type Failure } from "../protocol/errors.ts";
import type { Contract } from "../protocol/contract.ts";
import type { Authenticate, Handshake } from "../auth/hook.ts";
import type { ContractNamespace, ContractSocket } from "./caller.ts";
import type { Connections } from "./connection.ts";
import type { Identity } from "./session.ts";

/** Whoever checks tokens has to answer in this time; a hook of an embedder's has a deadline of its own, which is shorter. */
const ADMISSION_DEADLINE_MS = 10_000;

/** In the place of every token that was checked. */
const NO_AUTH = Object.freeze({});

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** Whether nobody asks again with what came with a CONNECT: then its token is not kept. */
  readonly forgetsTokens?: boolean;
  readonly control: Control;
  readonly connections: Connections;
  /** Why nobody is let in at the moment, if so: the worker goes away, or does not know yet who is banned. */
  closedFor(): "draining" | "unavailable" | undefined;
  /** Counts a refusal by its code. */
  refused(code: string): void;
}

/** Whether a token still counts: not run out, not revoked. @throws CarillonError */
export function requireValid(
  { user, issuedAt, expiresAt }: Identity,
  { clock, control }: Pick<AdmissionOptions, "clock" | "control">,
) {
  if (expiresAt !== undefined && expiresAt <= clock.now()) throw new CarillonError("token_expired");
  const revokedAt = control.revokedAt(user.id);
  if (revokedAt !== undefined && (issuedAt ?? 0) <= revokedAt) throw new CarillonError("unauthorized");
}

function requireOpen({ closedFor }: Pick<AdmissionOptions, "closedFor">): void {
  const reason = closedFor();
  if (reason) throw new CarillonError(reason);
}

/** Whether somebody who was found to be all right may (still) come in. @throws CarillonError */
export function requireAdmissible(
  identity: Identity,
  options: Pick<AdmissionOptions, "clock" | "control" | "closedFor">,
) {
  requireOpen(options);
  requireValid(identity, options);
}

/** What goes out with a refusal: Socket.IO sends a middleware error's `message` and `data` to the client, and nothing else. */
class ConnectRefusal extends Error {
  readonly data: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.data = failure;
  }
}

async function identify(
  contract: Contract,
  handshake: Handshake,
  options: Pick<AdmissionOptions, "clock" | "control" | "closedFor" | "authenticate">,
): Promise<Identity> {
  // Before and after the check: it takes time, and a worker that goes away shall not ask others in vain.
  requireOpen(options);
  const token: unknown = Object(handshake.auth).token;
  const identity = await within(options.clock, ADMISSION_DEADLINE_MS, () => options.authenticate(token, handshake));
  requireAdmissible(identity, options);
  if (contract.role && !identity.user.roles.includes(contract.role)) throw new CarillonError("forbidden");
  return identity;
}

/**
 * Lets a client into a namespace, or refuses so that a stock client does what the code asks for: after a terminal `connect_error` it
 * gives up for good, so a retryable refusal closes the transport without an answer instead.
 */
export function guardNamespace(
  contract: Contract,
  namespace: ContractNamespace<Contract>,
  options: AdmissionOptions,
  prepare: (socket: ContractSocket<Contract>, user: Identity["user"]) => void | Promise<void>,
): (socket: ContractSocket<Contract>) => Identity {
  const { logger, connections, refused } = options;
  const admitted = new WeakMap<object, Identity>();

  function refuse({ conn }: ContractSocket<Contract>, error: CarillonError): ConnectRefusal {
    const { code, cause, failure } = error;
    // Anybody can be refused as often as they like, so only what an operator has to look at is a warning.
    const level = failure.retryable && code !== "draining" ? "warn" : "debug";
    logger[level]({ namespace: contract.name, code, err: cause }, "a client was refused");
    refused(code);
    if (failure.retryable) connections.closeTransport(conn, error);
    return new ConnectRefusal(failure);
  }

  // Every path ends in `next`, without which Socket.IO would keep the socket for ever; over a closed transport it answers nothing.
  namespace.use((socket, next) => {
    const connection = connections.of(socket.conn);
    // 500 CONNECTs in one burst would make 500 sockets, all in the same rooms, while the first token is still being checked.
    if (!connection.begin(namespace.name)) {
      socket.conn.close();
      return next(new Error("duplicate"));
    }
    const admit = async () => {
      const identity = await identify(contract, socket.handshake, options);
      if (options.forgetsTokens) socket.handshake.auth = NO_AUTH;
      await prepare(socket, identity.user);
      admitted.set(socket, identity);
    };
    admit().then(
      () => next(),
      (thrown: unknown) => {
        connection.refuse(namespace.name);
        next(refuse(socket, CarillonError.from(thrown)));
      },
    );
  });

  return (socket) => {
    const identity = admitted.get(socket);
    if (!identity) throw new Error(`A socket of ${namespace.name} was let in past the guard`);
    admitted.delete(socket);
    return identity;
  };
}
