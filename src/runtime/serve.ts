import type { z } from "zod";
import type { Clock } from "../clock.ts";
import { createBucket, type Rate } from "../limits/bucket.ts";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";
import type { Ack, Contract } from "../protocol/contract.ts";
import { PROTOCOL, type SESSION_EVENTS } from "../protocol/session.ts";
import { type AdmissionOptions, guardNamespace, requireAdmissible, requireValid } from "./admission.ts";
import { type Caller, type ContractNamespace, type ContractSocket, type User, userRoom } from "./caller.ts";
import { dispatch, type DispatchOptions, routesOf } from "./dispatch.ts";
import { type Definition, ReplyThen, type Running } from "./implement.ts";
import { drained } from "./pace.ts";
import { type Identity, openSession } from "./session.ts";

type Opened = z.input<(typeof SESSION_EVENTS)["session:opened"]["payload"]>;

/** Requests of one socket that may wait for their turn. */
const MAX_WAITING = 1_000;

/** Replies that may wait for a client before its next request is looked at. */
const REPLIES_AHEAD_BYTES = 128 * 1024;

export interface ServeOptions extends AdmissionOptions, DispatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Requests of one socket. */
  readonly rate: Rate;
  readonly limits: Opened["limits"];
  readonly server: { readonly version: string; readonly worker: string };
  /** Counts a request as it comes in. */
  received(): void;
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
  const routes = routesOf(contract, running.handlers, { "token:refresh": refreshToken(options) });

  const connected = (socket: ContractSocket<Contract>) => {
    openSocket(contract, running, socket, identityOf(socket), options);
    receiveRequests(socket, options, (name, args, circumstances) =>
      dispatch(routes, { name, args }, () => ({ user: socket.data.session.user, socket }), circumstances, options),
    );
  };
  namespace.on("connection", connected);

  return {
    has: (name) => routes.has(name),
    async request(user, name, input) {
      const { ack } = await dispatch(routes, { name, args: [input] }, { user }, {}, options);
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

function openSocket(
  contract: Contract,
  running: Running<Contract>,
  socket: ContractSocket<Contract>,
  identity: Identity,
  options: ServeOptions,
): void {
  const { clock, connections, limits, server, closing } = options;
  const opened = (payload: Opened) => socket.emit("session:opened", payload);
  const { sessions } = connections.of(socket.conn);
  const session = openSession(socket, identity, {
    clock,
    role: contract.role,
    closeTransport: (connection, reason) => connections.closeTransport(connection, reason),
    closing: ({ code }) => closing(code),
  });
  socket.data.session = session;
  sessions.add(session);
  const { id, name, roles } = identity.user;
  void socket.join(userRoom(id));
  const expiresAt = identity.expiresAt === undefined ? {} : { expiresAt: identity.expiresAt };
  const user = { id, name, roles: [...roles] };
  opened({ protocol: PROTOCOL, server, user, ...expiresAt, limits, at: clock.now() });
  socket.once("disconnect", () => {
    sessions.delete(session);
    session.end();
    running.disconnected?.(socket, session.user);
  });
  running.connected?.(socket, identity.user);
  try {
    requireAdmissible(identity, options);
  } catch (thrown) {
    // Revoked, or draining, since the guard looked: whoever saw to that found no socket here yet to close.
    session.close(CarillonError.from(thrown));
  }
}

type Circumstances = Parameters<typeof dispatch>[3];

/**
 * Takes every packet before Socket.IO looks for listeners, whatever it is: an event named `error` would reach our own listeners, one
 * without a name or with a number for one would crash others' code.
 */
function receiveRequests(
  socket: ContractSocket<Contract>,
  { clock, logger, rate, received, connections }: ServeOptions,
  answer: (name: unknown, args: unknown[], circumstances: Circumstances) => ReturnType<typeof dispatch>,
): void {
  const { session } = socket.data;
  const { underWay } = connections.of(socket.conn);
  const admitNext = createAdmit(rate, clock, () =>
    session.close(new CarillonError("rate_limited", { retryAfterMs: 1_000 })),
  );
  let turn = Promise.resolve();
  let waiting = 0;

  // What came before the server's close and has not had its turn is refused; what a client sent before it left takes effect.
  const allow = () => {
    if (session.closedBy) throw session.closedBy;
  };
  const admit = () => admitNext(waiting > MAX_WAITING);

  socket.use((packet: unknown[]) => {
    if (session.closedBy) return;
    received();
    const args = [...packet];
    const ack = typeof args.at(-1) === "function" ? (args.pop() as (reply: Ack<unknown>) => void) : undefined;
    // Who asks for much at once gets it as fast as it is read, and is not taken for one who does not read.
    const before = turn.then(() => drained(socket.conn, REPLIES_AHEAD_BYTES));
    waiting++;
    const served = answer(args.shift(), args, { admit, turn: before, allow }).then(({ ack: reply, after }) => {
      ack?.(reply);
      after?.();
    });
    const done = served.catch((error: unknown) => logger.error({ err: error }, "a reply could not be written"));
    underWay.add(done);
    turn = done.then(() => {
      underWay.delete(done);
      waiting--;
      return before;
    });
  });
}

/** Refuses what comes too fast; `cut` is called when somebody goes on and on. */
function createAdmit(rate: Rate, clock: Clock, cut: () => void): (full: boolean) => void {
  const bucket = createBucket(rate, clock);
  let refusals = 0;
  let since = 0;
  return (full) => {
    const retryAfterMs = full ? 1_000 : bucket.take();
    if (retryAfterMs === 0) return;
    if (clock.now() - since >= 1_000) [since, refusals] = [clock.now(), 0];
    if (++refusals >= rate.burst && rate.perSec > 0) cut();
    throw new CarillonError("rate_limited", { retryAfterMs });
  };
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
