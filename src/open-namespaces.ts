import type { Namespace, Server, Socket } from "socket.io";
import type { Backend } from "./backend.ts";
import type { Control } from "./control/index.ts";
import { type Context, namespaces } from "./namespaces/index.ts";
import type { FilledOptions } from "./options.ts";
import { CarillonError } from "./protocol/errors.ts";
import { socketsOf, type User } from "./runtime/caller.ts";
import type { Connections } from "./runtime/connection.ts";
import type { FanOut } from "./runtime/fan-out/index.ts";
import { takeDirectly } from "./runtime/intake.ts";
import { Requests } from "./runtime/requests.ts";
import { serve, type Served, type ServeOptions } from "./runtime/serve.ts";

/** A namespace where it is served. */
export interface Open {
  readonly namespace: Namespace;
  readonly served: Served;
}

/** By the name in the contract, whatever clients call it here. */
export type OpenNamespaces = ReadonlyMap<string, Open>;

interface Parts {
  readonly io: Server;
  readonly backend: Backend;
  readonly fanOut: FanOut;
  readonly context: Context;
  readonly options: FilledOptions;
  readonly serving: ServeOptions;
}

/** Opens those that were not switched off, where clients are to find them. */
export function openNamespaces(open: Map<string, Open>, parts: Parts): void {
  const { io, backend, fanOut, context, options, serving } = parts;
  for (const definition of namespaces) {
    const { name } = definition.contract;
    const at = options.namespaces[name.slice(1) as keyof FilledOptions["namespaces"]] ?? name;
    if (at === false) continue;
    const namespace = io.of(at);
    backend.join(namespace);
    fanOut.join(namespace);
    open.set(name, { namespace, served: serve(definition, context, namespace, serving) });
    // Before the answer to CONNECT, which leaves together with what follows it, and for nobody whom the guard has not let in.
    namespace.use(({ client }, next) => {
      fanOut.adopt(client);
      if (options.intake === "direct") takeDirectly(client, requestsOf);
      next();
    });
  }
}

/** A socket of the host's own has none, whatever else it keeps there. */
function requestsOf(socket: Socket): Requests | undefined {
  const { requests } = socket.data as { requests?: unknown };
  return requests instanceof Requests ? requests : undefined;
}

/** What finds the namespace that a request is of. Names of requests are unique over all of them. */
export function createRequest(open: OpenNamespaces): (user: User, name: string, input: unknown) => Promise<unknown> {
  return async (user, name, input) => {
    for (const { served } of open.values()) if (served.has(name)) return served.request(user, name, input);
    throw new CarillonError("unknown_request");
  };
}

/** Transports that are the host's stay: its own namespaces may be on them. */
export function sendAway(namespace: Namespace, connections: Connections, ownsTransports: boolean): void {
  const reason = new CarillonError("draining");
  for (const socket of namespace.sockets.values()) {
    if (ownsTransports) connections.closeTransport(socket.conn, reason);
    else socket.data.session.announce(reason);
  }
  if (!ownsTransports) namespace.disconnectSockets();
}

/** A revoked user's sockets are closed on every worker: each hears of the order. */
export function closeRevoked(control: Control, open: OpenNamespaces): () => void {
  return control.listen((order) => {
    if (order.action !== "revoke") return;
    for (const { namespace } of open.values()) {
      for (const socket of socketsOf(namespace, order.user))
        socket.data.session.close(new CarillonError("unauthorized"));
    }
  });
}
