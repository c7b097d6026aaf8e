import type { DefaultEventsMap, Namespace, Socket } from "socket.io";
import type { z } from "zod";
import type { ClientToServer, Contract, ServerToClient } from "../protocol/contract.ts";
import type { Role } from "../protocol/fields.ts";
import type { Requests } from "./requests.ts";
import type { Session } from "./session.ts";

/** Who a request is made for, and with which rights. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly z.output<typeof Role>[];
  /** Patterns of the rooms that the user may enter: `"*"`, `"team-*"`, `"lobby"`. */
  readonly rooms: readonly string[];
}

/** What Carillon keeps at a Socket.IO socket of its namespaces. */
export interface SocketData {
  session: Session;
  requests: Requests;
}

export type ContractNamespace<C extends Contract> = Namespace<
  ClientToServer<C>,
  ServerToClient<C>,
  DefaultEventsMap,
  SocketData
>;
export type ContractSocket<C extends Contract> = Socket<
  ClientToServer<C>,
  ServerToClient<C>,
  DefaultEventsMap,
  SocketData
>;

/** Whoever makes a request: a socket of a client, or somebody without one (an HTTP call, a test, an embedder). */
export interface Caller<C extends Contract = Contract> {
  readonly user: User;
  readonly socket?: ContractSocket<C>;
}

/** The Socket.IO room of a user, in every namespace. */
export const userRoom = (user: string) => `user:${user}`;

/** What it takes to find the sockets of a user: any namespace, whatever its contract. */
interface Sockets<S> {
  readonly adapter: { readonly rooms: ReadonlyMap<string, ReadonlySet<string>> };
  readonly sockets: ReadonlyMap<string, S>;
}

/** The sockets of a user that are on this worker. They may be closed while they are gone through. */
export function* socketsOf<S>({ adapter, sockets }: Sockets<S>, user: string): Generator<S> {
  for (const id of adapter.rooms.get(userRoom(user)) ?? []) {
    const socket = sockets.get(id);
    if (socket) yield socket;
  }
}
