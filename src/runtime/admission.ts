import type { Clock } from "../clock.ts";
import { within } from "./deadline.ts";
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

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  readonly control: Control;
  readonly connections: Connections;
  /** A worker that is going away lets nobody in. */
  draining(): boolean;
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

/** What goes out with a refusal: Socket.IO sends a middleware error's `message` and `data` to the client, and nothing else. */
class ConnectRefusal extends Error {
  readonly data: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.data = failure;
  }
}

/**
 * Lets a client into a namespace, or refuses so that a stock client does what the code asks for: after a terminal `connect_error` it
 * gives up for good, so a retryable refusal closes the transport without an answer instead.
 */
export function guardNamespace(
  contract: Contract,
  namespace: ContractNamespace<Contract>,
  options: AdmissionOptions,
): (socket: ContractSocket<Contract>) => Identity {
  const { clock, logger, authenticate, connections, draining, refused } = options;
  const admitted = new WeakMap<object, Identity>();

  async function identify(socket: ContractSocket<Contract>): Promise<Identity> {
    if (draining()) throw new CarillonError("draining");
    const handshake: Handshake = socket.handshake;
    const token = Object(handshake.auth).token as unknown;
    const identity = await within(clock, ADMISSION_DEADLINE_MS, () => authenticate(token, handshake));
    requireValid(identity, options);
    if (contract.role && !identity.user.roles.includes(contract.role)) throw new CarillonError("forbidden");
    return identity;
  }

  namespace.use((socket, next) => {
    const { conn } = socket;
    const { connecting } = connections.of(conn);
    // 500 CONNECTs in one burst would make 500 sockets, all in the same rooms, while the first token is still being checked.
    if (connecting.has(namespace.name)) return void conn.close();
    connecting.add(namespace.name);
    socket.once("disconnect", () => connecting.delete(namespace.name));
    identify(socket).then(
      (identity) => {
        admitted.set(socket, identity);
        next();
      },
      (thrown: unknown) => {
        const error = CarillonError.from(thrown);
        if (error.cause !== undefined)
          logger.warn({ namespace: contract.name, code: error.code, err: error.cause }, "a client was refused");
        refused(error.code);
        connecting.delete(namespace.name);
        const { failure } = error;
        if (failure.retryable) connections.closeTransport(conn, error);
        else next(new ConnectRefusal(failure));
      },
    );
  });

  return (socket) => {
    const identity = admitted.get(socket);
    if (!identity) throw new Error(`A socket of ${namespace.name} was let in past the guard`);
    return identity;
  };
}
