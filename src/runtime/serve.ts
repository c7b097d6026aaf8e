import type { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";
import type { Contract } from "../protocol/contract.ts";
import { PROTOCOL, type SESSION_EVENTS } from "../protocol/session.ts";
import { type AdmissionOptions, guardNamespace, requireAdmissible, requireValid } from "./admission.ts";
import { type Caller, type ContractNamespace, type ContractSocket, type User, userRoom } from "./caller.ts";
import { dispatch, type DispatchOptions, routesOf } from "./dispatch.ts";
import { type Definition, ReplyThen, type Running } from "./implement.ts";
import { Expiry } from "./expiry.ts";
import { Requests, type RequestsOptions } from "./requests.ts";
import { type Identity, Session, type SessionOptions } from "./session.ts";

type Opened = z.input<(typeof SESSION_EVENTS)["session:opened"]["payload"]>;

export interface ServeOptions extends AdmissionOptions, DispatchOptions, Omit<RequestsOptions, "answer"> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Opened["limits"];
  readonly server: { readonly version: string; readonly worker: string };
  /** Counts a close by its code. */
  closing(code: string): void;
}

/** A namespace that is served. */
export interface Served {
  /** Whether it has a request of this name. */
  has(name: string): boolean;
  /** Makes a request for somebody without a socket, by the same contract and handler. @throws CarillonError what the ack would say */
  request(user: User, name: string, input: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** Puts a namespace to work on a Socket.IO namespace. */
export function serve<Context>(
  { contract, open }: Definition<Context>,
  context: Context,
  namespace: ContractNamespace<Contract>,
  options: ServeOptions,
): Served {
  const running = open(context, namespace);
  const identityOf = guardNamespace(contract, namespace, options, (socket, user) => running.connecting?.(socket, user));
  const routes = routesOf(contract, running.handlers, {
    "token:refresh": refreshToken(options),
  });

  const lifetime = lifetimeOf(contract, running, options);
  const receiving: RequestsOptions = {
    ...options,
    answer: (socket, name, args, circumstances) =>
      dispatch(routes, { name, args }, () => ({ user: socket.data.session.user, socket }), circumstances, options),
  };
  const connected = (socket: ContractSocket<Contract>) => {
    openSocket(running, socket, identityOf(socket), lifetime, options);
    const requests = new Requests(socket, receiving);
    socket.data.requests = requests;
    // Before Socket.IO looks for listeners, whatever it is: an event named `error` would reach our own, one without a name or with a
    // number for one would crash others' code.
    socket.use((packet) => requests.take(packet));
  };
  namespace.on("connection", connected);

  return {
    has: (name) => routes.has(name),
    async request(user, name, input) {
      const { ack } = await dispatch(routes, { name, args: [input] }, () => ({ user }), {}, options);
      if (ack.ok) return ack.data;
      const { code, details, retryAfterMs } = ack.error;
      throw new CarillonError(code, {
        ...(details && { details }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      });
    },
    async close() {
      namespace.off("connection", connected);
      await running.close?.();
    },
  };
}

/** What all sockets of a namespace have in common: none of it is made for each of them. */
interface Lifetime {
  readonly session: SessionOptions;
  /** Called on the socket that is gone. */
  disconnected(this: ContractSocket<Contract>): void;
}

function lifetimeOf(contract: Contract, running: Running<Contract>, options: ServeOptions): Lifetime {
  const { clock, connections, closing } = options;
  return {
    session: {
      expiry: new Expiry(clock),
      role: contract.role,
      closeTransport: (connection, reason) => connections.closeTransport(connection, reason),
      closing: ({ code }) => closing(code),
    },
    disconnected() {
      const { session } = this.data;
      connections.of(this.conn).left(this.nsp.name, session);
      session.end();
      running.disconnected?.(this, session.user);
    },
  };
}

function openSocket(
  running: Running<Contract>,
  socket: ContractSocket<Contract>,
  identity: Identity,
  lifetime: Lifetime,
  options: ServeOptions,
): void {
  const { clock, connections, limits, server } = options;
  const opened = (payload: Opened) => socket.emit("session:opened", payload);
  const session = new Session(socket, identity, lifetime.session);
  socket.data.session = session;
  connections.of(socket.conn).entered(session);
  const { id, name, roles } = identity.user;
  void socket.join(userRoom(id));
  const expiresAt = identity.expiresAt === undefined ? {} : { expiresAt: identity.expiresAt };
  const user = { id, name, roles: [...roles] };
  opened({
    protocol: PROTOCOL,
    server,
    user,
    ...expiresAt,
    limits,
    at: clock.now(),
  });
  socket.on("disconnect", lifetime.disconnected);
  running.connected?.(socket, identity.user);
  try {
    requireAdmissible(identity, options);
  } catch (thrown) {
    // Revoked, or draining, since the guard looked: whoever saw to that found no socket here yet to close.
    session.close(CarillonError.from(thrown));
  }
}

/** `token:refresh`, the same on every namespace: it is about the whole connection. */
function refreshToken({ authenticate, connections, clock, control }: ServeOptions) {
  return async (input: unknown, { user, socket }: Caller): Promise<ReplyThen<{ expiresAt?: number }>> => {
    if (!socket) throw new CarillonError("bad_request");
    const { token } = input as { token: string };
    const identity = await authenticate(token, socket.handshake);
    requireValid(identity, { clock, control });
    if (identity.user.id !== user.id) throw new CarillonError("forbidden");
    const reply = identity.expiresAt === undefined ? {} : { expiresAt: identity.expiresAt };
    // After the ack: a session that the new token does not suffice for is closed by it, and would not hear its answer.
    return new ReplyThen(reply, () => {
      for (const session of connections.of(socket.conn).sessions)
        if (session.user.id === user.id) session.refresh(identity);
    });
  };
}
