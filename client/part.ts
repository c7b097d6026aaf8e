import type { Contract } from "../src/protocol/contract.ts";
import type { Channel } from "./channel.ts";

/** One of the parts of Carillon, for `connection.use`: what it is called, and what is made of its namespace. */
export interface Part<C extends Contract, T> {
  /** Its namespace is `/` and this, unless `ConnectOptions.namespaces` says otherwise. */
  readonly name: "chat" | "notify" | "monitor";
  readonly open: (channel: Channel<C>) => T;
}
