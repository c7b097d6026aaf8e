import type { Contract, Input, ReplyData, RequestName } from "../protocol/contract.ts";
import type { Caller, ContractNamespace, ContractSocket, User } from "./caller.ts";

/** A reply, and what has to happen in the very turn in which it was written (entering the live feed, say). */
export class ReplyThen<Data> {
  readonly data: Data;
  readonly after: () => void;

  constructor(data: Data, after: () => void) {
    this.data = data;
    this.after = after;
  }
}

type Reply<Data> = Data | ReplyThen<Data>;

/** The caller of a request: with a socket for certain, where the contract says that it takes one. */
type CallerOf<C extends Contract, R extends RequestName<C>> = C["requests"][R] extends { socket: true }
  ? Caller<C> & { readonly socket: ContractSocket<C> }
  : Caller<C>;

/** Takes the parsed input and returns the reply; refuses by throwing a `CarillonError`. */
export type Handler<C extends Contract, R extends RequestName<C>> = (
  input: Input<C, R>,
  caller: CallerOf<C, R>,
) => Reply<ReplyData<C, R>> | Promise<Reply<ReplyData<C, R>>>;

/** What the runtime answers by itself, for every namespace alike. */
type Shared = "token:refresh";

/** One handler for each request of the contract. */
export type Handlers<C extends Contract> = { readonly [R in Exclude<RequestName<C>, Shared>]: Handler<C, R> };

/** A namespace at work. */
export interface Running<C extends Contract> {
  readonly handlers: Handlers<C>;
  /**
   * Somebody is about to be let in: what has to be there before the client can know of it. CONNECT is answered when it resolves; what it
   * throws is told as a refusal.
   */
  connecting?(socket: ContractSocket<C>, user: User): Promise<void>;
  /** A socket was let in; `session:opened` has been sent to it. */
  connected?(socket: ContractSocket<C>, user: User): void;
  /** A socket is gone, and with it its rooms. */
  disconnected?(socket: ContractSocket<C>, user: User): void;
  close?(): void | Promise<void>;
}

/** A namespace as it is defined: its contract, and how to put it to work. */
export interface Definition<Context> {
  readonly contract: Contract;
  open(context: Context, namespace: ContractNamespace<Contract>): Running<Contract>;
}

/** Names the handlers that the contract has no request for: TypeScript alone lets them pass, where they are not written out in place. */
type NothingElse<C extends Contract, H> = [Exclude<keyof H, keyof Handlers<C>>] extends [never]
  ? unknown
  : { readonly noRequestFor: Exclude<keyof H, keyof Handlers<C>> };

/**
 * Binds handlers to a contract; a missing, an extra or an ill-typed one does not compile. `Context` is what a namespace needs of the
 * rest of the house. Here the types of the one contract end: `dispatch` gives each handler what its own schema has parsed, and
 * nothing else.
 */
export function implement<const C extends Contract, Context, H>(
  contract: C,
  open: (
    context: Context,
    namespace: ContractNamespace<C>,
  ) => Running<C> & { readonly handlers: H } & NothingElse<C, H>,
): Definition<Context> {
  return { contract, open };
}
