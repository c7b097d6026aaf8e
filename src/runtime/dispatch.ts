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
 * whatever a client sends is answered, and whatever a handler throws becomes a code of the table. Never rejects.
 */
export async function dispatch(
  routes: Routes,
  request: Request,
  caller: Caller | (() => Caller),
  { admit, turn, allow }: Circumstances,
  options: DispatchOptions,
): Promise<Outcome> {
  const route = typeof request.name === "string" ? routes.get(request.name) : undefined;
  const label = route?.name ?? "unknown";
  try {
    admit?.();
    if (!route) throw new CarillonError("unknown_request");
    const input = parse(route.spec, request.args);
    await turn;
    allow?.();
    const now = typeof caller === "function" ? caller() : caller;
    // One that is gone by now is none either: nothing would ever take it out again of what it is let into here.
    if (route.spec.socket && !now.socket?.connected)
      throw new CarillonError("bad_request", { details: { reason: "needs a socket" } });
    const reply = await runHandler(route, input, now, options.clock);
    const [data, after] = reply instanceof ReplyThen ? [reply.data, reply.after] : [reply, undefined];
    const outcome: Outcome = { ack: { ok: true, data: route.spec.reply.parse(data) }, ...(after && { after }) };
    options.served(label, "ok");
    return outcome;
  } catch (thrown) {
    const error = CarillonError.from(thrown);
    if (error.code === "internal")
      options.logger.error({ request: label, err: error.cause ?? error }, "a request failed");
    options.served(label, error.code);
    return { ack: { ok: false, error: error.failure } };
  }
}

/**
 * Waits for the handler, up to its deadline. One that is late goes on: what it wanted done with its ack is done then, or a socket
 * that was on its way into a feed would stand before it for ever.
 */
function runHandler(route: Route, input: unknown, caller: Caller, clock: Clock): Promise<unknown> {
  const handle = () => route.handle(input, caller);
  return within(clock, HANDLER_DEADLINE_MS, handle, "timeout", (late) => late instanceof ReplyThen && late.after());
}

function parse(spec: RequestSpec, args: readonly unknown[]): unknown {
  if (args.length !== 1)
    throw new CarillonError("bad_request", { details: { reason: "exactly one object is expected" } });
  const result = spec.input.safeParse(args[0]);
  if (result.success) return result.data;
  throw badInput(result.error.issues);
}
