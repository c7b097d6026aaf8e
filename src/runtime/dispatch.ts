import { isThenable } from "../and-then.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Ack, Contract, RequestSpec } from "../protocol/contract.ts";
import { badInput, CarillonError } from "../protocol/errors.ts";
import type { Caller } from "./caller.ts";
import { within } from "../deadline.ts";
import { ReplyThen } from "./implement.ts";

/** A handler that hangs must not hold up its socket's other requests for ever. */
const HANDLER_DEADLINE_MS = 10_000;

type AnyHandler = (input: unknown, caller: Caller) => unknown;

/** A request as this worker can serve it. */
interface Route {
  readonly name: string;
  readonly spec: RequestSpec;
  readonly handle: AnyHandler;
}

/** The requests of one namespace. A `Map`, because names come from the network: `__proto__` is just an unknown one. */
export type Routes = ReadonlyMap<string, Route>;

/** The requests of a contract with their handlers. @throws Error when one has none */
export function routesOf(contract: Contract, handlers: object, shared: Record<string, AnyHandler>): Routes {
  const table = { ...shared, ...handlers } as Record<string, AnyHandler>;
  return new Map(
    Object.entries(contract.requests).map(([name, spec]) => {
      const handle = table[name];
      if (!handle) throw new Error(`No handler for ${contract.name} ${name}`);
      return [name, { name, spec, handle }];
    }),
  );
}

export interface Request {
  /** As it came: a string, if the client is one of ours. */
  readonly name: unknown;
  readonly args: readonly unknown[];
}

export interface DispatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts a request by its name (`"unknown"` for unknown ones) and its code (`"ok"`). */
  served(request: string, code: string): void;
}

export interface Circumstances {
  /** Throws `rate_limited`. Asked first, in the turn in which the request came. */
  admit?(): void;
  /** Resolves when it is this request's turn: the requests of one socket take effect in the order sent. */
  turn?: Promise<void>;
  /** Throws when whoever asks may not ask at all any more. */
  allow?(): void;
}

export interface Outcome {
  readonly ack: Ack<unknown>;
  /** To be run in the turn in which the ack is written. */
  readonly after?: () => void;
}

/**
 * The whole life of a request: within rate? known? allowed? parse, handle, parse the reply. The only place that catches, so that
 * whatever a client sends is answered, and whatever a handler throws becomes a code of the table. Never rejects. What nothing has
 * to be waited for is there at once: a promise for each request would be felt.
 */
export function dispatch(
  routes: Routes,
  request: Request,
  caller: () => Caller,
  { admit, turn, allow }: Circumstances,
  options: DispatchOptions,
): Outcome | Promise<Outcome> {
  const route = typeof request.name === "string" ? routes.get(request.name) : undefined;
  const failed = (thrown: unknown) => refused(route?.name ?? "unknown", thrown, options);
  try {
    admit?.();
    if (!route) throw new CarillonError("unknown_request");
    const input = parse(route.spec, request.args);
    const handle = () => {
      allow?.();
      return runHandler(route, input, caller(), options.clock);
    };
    const reply = turn ? turn.then(handle) : handle();
    const answered = (replied: unknown) => succeeded(route, replied, options);
    return isThenable(reply) ? reply.then(answered).catch(failed) : answered(reply);
  } catch (thrown) {
    return failed(thrown);
  }
}

/** @throws ZodError where the handler does not keep its contract */
function succeeded({ name, spec }: Route, reply: unknown, { served }: DispatchOptions): Outcome {
  const [data, after] = reply instanceof ReplyThen ? [reply.data, reply.after] : [reply, undefined];
  const outcome: Outcome = { ack: { ok: true, data: spec.reply.parse(data) }, ...(after && { after }) };
  served(name, "ok");
  return outcome;
}

function refused(request: string, thrown: unknown, { logger, served }: DispatchOptions): Outcome {
  const error = CarillonError.from(thrown);
  if (error.code === "internal") logger.error({ request, err: error.cause ?? error }, "a request failed");
  served(request, error.code);
  return { ack: { ok: false, error: error.failure } };
}

/**
 * Waits for the handler, up to its deadline. One that is late goes on: what it wanted done with its ack is done then, or a socket
 * that was on its way into a feed would stand before it for ever.
 */
function runHandler({ spec, handle }: Route, input: unknown, caller: Caller, clock: Clock): unknown {
  // One that is gone by now is none either: nothing would ever take it out again of what it is let into here.
  if (spec.socket && !caller.socket?.connected)
    throw new CarillonError("bad_request", { details: { reason: "needs a socket" } });
  const reply = handle(input, caller);
  return isThenable(reply) ? within(clock, HANDLER_DEADLINE_MS, () => reply, "timeout", finishLate) : reply;
}

const finishLate = (reply: unknown) => void (reply instanceof ReplyThen && reply.after());

function parse(spec: RequestSpec, args: readonly unknown[]): unknown {
  if (args.length !== 1)
    throw new CarillonError("bad_request", { details: { reason: "exactly one object is expected" } });
  const result = spec.input.safeParse(args[0]);
  if (result.success) return result.data;
  throw badInput(result.error.issues);
}
