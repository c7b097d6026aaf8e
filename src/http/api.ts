import type { IncomingMessage } from "node:http";
import type { Guests } from "../auth/guests.ts";
import type { Authenticate } from "../auth/hook.ts";
import type { Clock } from "../clock.ts";
import type { Control } from "../control/index.ts";
import type { Publisher } from "../namespaces/notify/publish.ts";
import { CarillonError } from "../protocol/errors.ts";
import type { Gate } from "../runtime/gate.ts";
import type { User } from "../runtime/caller.ts";
import type { Identity } from "../runtime/session.ts";
import { REQUESTABLE, type RouteHandlers } from "./contract.ts";
import { bearerOf } from "./service.ts";

/** What the HTTP API needs of the rest of the house. */
export interface ApiContext {
  readonly clock: Clock;
  readonly control: Control;
  /** Prometheus's text. */
  metrics(): Promise<string>;
  readonly gate: Gate;
  readonly publisher: Publisher;
  /** Only where guests are on. */
  readonly guests: Guests | undefined;
  readonly authenticate: Authenticate;
  requireValid(identity: Identity): void;
  /** Makes a request of some namespace for a user. @throws CarillonError what the ack says, and `unknown_request` */
  request(user: User, name: string, input: unknown): Promise<unknown>;
  /** Throws why this worker may not take traffic. */
  requireReady(): void;
  documents(): { openapi: Record<string, unknown>; asyncapi: Record<string, unknown> };
}

/** The name comes from the network: `__proto__` is just an unknown one. */
const isRequestable = (name: string) => REQUESTABLE.some(({ requests }) => Object.hasOwn(requests, name));

/** May do everything: whoever has an API key is trusted. */
const service = (id = "service", name = "Service"): User => ({
  id,
  name,
  roles: ["service", "moderator"],
  rooms: ["*"],
});

/** The HTTP API. What sockets can ask for goes through the same contracts and handlers as theirs. */
export function createApi(context: ApiContext): RouteHandlers<IncomingMessage> {
  const {
    clock,
    control,
    metrics,
    gate,
    publisher,
    guests,
    authenticate,
    requireValid,
    request,
    requireReady,
    documents,
  } = context;
  // The parsed reply of a handler is what the route's own schema, made of the contract's, parses again.
  const asService = async <Reply>(name: string, input: unknown, user = service()) =>
    (await request(user, name, input)) as Reply;

  async function issueGuest(name: string, from: IncomingMessage) {
    if (!guests) throw new CarillonError("not_found");
    const retryAfterMs = gate.throttle(from);
    if (retryAfterMs > 0) throw new CarillonError("rate_limited", { retryAfterMs });
    const token = bearerOf(from);
    if (token === undefined) return guests.issue(name);
    requireValid(await authenticate(token, { headers: from.headers, address: gate.addressOf(from) }));
    return guests.renew(token, name);
  }

  return {
    request: async ({ params, body: { as, name, roles = [], input } }) => {
      if (!isRequestable(params.name)) throw new CarillonError("unknown_request");
      return request({ id: as, name: name ?? as, roles, rooms: [] }, params.name, input);
    },

    notify: async ({ body }) => {
      if ("topic" in body) {
        const { topic, ...draft } = body;
        return { accepted: (await publisher.toTopic(topic, draft)).length };
      }
      const { to, ...draft } = body;
      const results = await publisher.toUsers(typeof to === "string" ? [to] : to, draft);
      return { accepted: results.length, results };
    },

    send: ({ params: { room }, body: { from, ...message } }) =>
      asService("message:send", { room, ...message }, service(from.id, from.name)),
    history: ({ params: { room }, query }) => asService("history:read", { room, ...query }),
    attendance: ({ params: { room } }) => asService("room:members", { room }),
    addMember: ({ params }) => asService("member:add", params),
    removeMember: ({ params: { room, user } }) => asService("room:quit", { room }, service(user, user)),

    async revoke({ params: { user } }) {
      await control.issue({ action: "revoke", user, at: clock.now() });
      return {};
    },

    guest: ({ body: { name } }, from) => issueGuest(name, from),

    health: () => ({}),
    ready() {
      requireReady();
      return {};
    },
    metrics: () => metrics(),
    openapi: () => documents().openapi,
    asyncapi: () => documents().asyncapi,
  };
}
