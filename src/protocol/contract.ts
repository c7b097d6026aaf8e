import type { z } from "zod";
import type { Failure } from "./errors.ts";
import type { Role } from "./fields.ts";
import { SESSION_EVENTS, SESSION_REQUESTS } from "./session.ts";

/** A request of a client: one object in, always acknowledged. */
export interface RequestSpec {
  /** One sentence for the reference page. */
  readonly docs: string;
  readonly input: z.ZodType;
  readonly reply: z.ZodType;
  /** It is about the connection itself, so nobody can make it without one (over HTTP, say). */
  readonly socket?: true;
}

/** An event of the server: one object out. */
export interface EventSpec {
  readonly docs: string;
  readonly payload: z.ZodType;
  /** Where it asks for an acknowledgement: what the client may answer. */
  readonly ack?: z.ZodType;
}

/** All that one namespace says and hears. The only place where a request, an event or a field of it is defined. */
export interface Contract {
  readonly name: string;
  readonly docs: string;
  /** The role that a user needs to connect to this namespace. */
  readonly role?: z.output<typeof Role>;
  readonly requests: Readonly<Record<string, RequestSpec>>;
  readonly events: Readonly<Record<string, EventSpec>>;
}

/** Completes a contract with what every namespace shares: the session's requests and events. */
export function defineContract<const C extends Contract>(contract: C) {
  return {
    ...contract,
    requests: { ...(contract.requests as C["requests"]), ...SESSION_REQUESTS },
    events: { ...(contract.events as C["events"]), ...SESSION_EVENTS },
  };
}

/** The answer to every request. */
export type Ack<Data> = { ok: true; data: Data } | { ok: false; error: Failure };

export type RequestName<C extends Contract> = keyof C["requests"] & string;
export type EventName<C extends Contract> = keyof C["events"] & string;
export type Input<C extends Contract, R extends RequestName<C>> = z.output<C["requests"][R]["input"]>;
export type ReplyData<C extends Contract, R extends RequestName<C>> = z.input<C["requests"][R]["reply"]>;
export type Payload<C extends Contract, E extends EventName<C>> = z.input<C["events"][E]["payload"]>;

/** Socket.IO's event map of what clients send, for `Server`, `Socket` and stock clients. */
export type ClientToServer<C extends Contract> = {
  [R in RequestName<C>]: (
    input: z.input<C["requests"][R]["input"]>,
    ack: (reply: Ack<z.output<C["requests"][R]["reply"]>>) => void,
  ) => void;
};

/** Socket.IO's event map of what the server sends. */
export type ServerToClient<C extends Contract> = {
  [E in EventName<C>]: C["events"][E] extends { ack: z.ZodType }
    ? (payload: Payload<C, E>, ack: (answer: unknown) => void) => void
    : (payload: Payload<C, E>) => void;
};
