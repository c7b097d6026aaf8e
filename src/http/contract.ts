import { z } from "zod";
import { chat } from "../namespaces/chat/contract.ts";
import { Draft, notify } from "../namespaces/notify/contract.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import { At, ClientId, Epoch, Member, Role, RoomId, Seq, Topic, User, UserId, UserName } from "../protocol/fields.ts";

/** One HTTP route: the router validates with it, and the reference pages and OpenAPI are made of it. */
export interface RouteSpec {
  readonly method: "get" | "post" | "put" | "delete";
  /** As Express writes it; its `:names` are the fields of `params`. */
  readonly path: string;
  /** One sentence for the reference page. */
  readonly docs: string;
  /** `service`: one of `API_KEYS`, or a JWT with the role `service`. */
  readonly auth: "service" | "none";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The status of success. */
  readonly status: number;
  /** What stands in `data` of `{ ok: true, data }`; where `raw` is set, the whole body. */
  readonly reply: z.ZodType;
  /** The media type of a body that goes out as it is, without the envelope. */
  readonly raw?: string;
  /** What it refuses with. */
  readonly codes: readonly ErrorCode[];
}

/** The namespaces whose requests can be made by `POST /api/requests/:name`, as far as they need no socket. */
export const REQUESTABLE = [chat, notify] as const;

const ANYWHERE = ["rate_limited", "unavailable", "timeout", "internal"] as const;
const SERVICE = ["unauthorized", "forbidden", "bad_request", "too_large", ...ANYWHERE] as const;

const Nothing = z.object({});
const InRoom = z.object({ room: RoomId });
const About = z.object({ room: RoomId, user: UserId });
/** A query says everything in strings. */
const wholeNumber = z.coerce.number().int();
const epoch = Epoch.optional().describe("another epoch than the log's is `conflict`");

const sent = chat.requests["message:send"];

const RoomMessage = sent.input
  .pick({ id: true, text: true, type: true, data: true })
  .extend({ from: Member.default({ id: "service", name: "Service" }) })
  .meta({ id: "RoomMessage" });

/** Exclusive: somebody who names both has made a mistake, and a guess would reach the wrong people. */
const Recipients = z.xor([
  z.object({ to: z.union([UserId, z.array(UserId).min(1).max(10_000)]) }),
  z.object({ topic: Topic }),
]);

const Publication = z
  .intersection(Draft, Recipients)
  .refine((draft) => !("to" in draft) || !Array.isArray(draft.to) || draft.to.length === 1 || draft.id !== undefined, {
    path: ["id"],
    message: "Required for several recipients: without it, what was begun could not be completed",
  });

/** Every route of the HTTP API, in one table. */
export const HTTP_ROUTES = {
  request: {
    method: "post",
    path: "/api/requests/:name",
    docs: "Make a request of /chat or /notify that needs no socket, on a user's behalf and with that user's rights.",
    auth: "service",
    params: z.object({ name: z.string().min(1).max(64) }),
    body: z
      .object({
        as: UserId,
        name: UserName.optional().describe("the user's name; the id where it is missing"),
        roles: z.array(Role).max(10).optional(),
        input: z.unknown(),
      })
      .describe("`input` is the request's own"),
    status: 200,
    reply: z.unknown(),
    codes: [...SERVICE, "unknown_request", "not_found", "conflict", "too_late", "room_full", "banned", "muted"],
  },
  notify: {
    method: "post",
    path: "/api/notifications",
    docs: "Publish a notification to one user, to several, or to a topic. The same `id` again changes nothing and completes what was begun; with other content it is `conflict`. `id` is required for several recipients.",
    auth: "service",
    body: Publication,
    status: 202,
    reply: z.object({
      accepted: z.int().min(0),
      results: z
        .array(z.object({ user: UserId, id: ClientId, seq: Seq, duplicate: z.boolean() }))
        .optional()
        .describe("one for each recipient; missing for a topic"),
    }),
    codes: [...SERVICE, "conflict"],
  },
  send: {
    method: "post",
    path: "/api/rooms/:room/messages",
    docs: "Store a message in a room and tell everybody who attends. The same `id` again is stored and told once.",
    auth: "service",
    params: InRoom,
    body: RoomMessage,
    status: 201,
    reply: sent.reply,
    codes: [...SERVICE, "not_found", "conflict", "too_late"],
  },
  history: {
    method: "get",
    path: "/api/rooms/:room/messages",
    docs: "Messages before `before` (or the newest), folded, oldest first.",
    auth: "service",
    params: InRoom,
    query: z.object({ before: wholeNumber.min(1).optional(), epoch, limit: wholeNumber.min(1).max(300).default(50) }),
    status: 200,
    reply: chat.requests["history:read"].reply,
    codes: [...SERVICE, "not_found", "conflict"],
  },
  attendance: {
    method: "get",
    path: "/api/rooms/:room/members",
    docs: "Who attends a room now.",
    auth: "service",
    params: InRoom,
    status: 200,
    reply: chat.requests["room:members"].reply,
    codes: [...SERVICE, "not_found"],
  },
  addMember: {
    method: "put",
    path: "/api/rooms/:room/members/:user",
    docs: "Make a user a member of a room, for good.",
    auth: "service",
    params: About,
    status: 200,
    reply: Nothing,
    codes: [...SERVICE, "banned"],
  },
  removeMember: {
    method: "delete",
    path: "/api/rooms/:room/members/:user",
    docs: "End a user's membership of a room.",
    auth: "service",
    params: About,
    status: 200,
    reply: Nothing,
    codes: [...SERVICE, "not_found"],
  },
  revoke: {
    method: "delete",
    path: "/api/users/:user/sessions",
    docs: "Close a user's sockets everywhere and refuse the tokens that were issued until now.",
    auth: "service",
    params: z.object({ user: UserId }),
    status: 200,
    reply: Nothing,
    codes: SERVICE,
  },
  guest: {
    method: "post",
    path: "/api/guests",
    docs: "A token for a guest, where guests are on. With the guest's own token as `Authorization: Bearer`, it is renewed.",
    auth: "none",
    body: z.object({ name: UserName }),
    status: 201,
    reply: z.object({ token: z.string(), user: User, expiresAt: At }),
    codes: ["unauthorized", "forbidden", "not_found", "bad_request", "too_large", ...ANYWHERE],
  },
  health: {
    method: "get",
    path: "/healthz",
    docs: "The process is alive.",
    auth: "none",
    status: 200,
    reply: Nothing,
    codes: [],
  },
  ready: {
    method: "get",
    path: "/readyz",
    docs: "The worker may take traffic.",
    auth: "none",
    status: 200,
    reply: Nothing,
    codes: ["draining", "unavailable"],
  },
  metrics: {
    method: "get",
    path: "/metrics",
    docs: "Prometheus text for the whole cluster, whichever worker answers.",
    auth: "none",
    status: 200,
    reply: z.string(),
    raw: "text/plain; version=0.0.4",
    codes: ["unavailable"],
  },
  openapi: {
    method: "get",
    path: "/api/openapi.json",
    docs: "This API, as OpenAPI 3.1.",
    auth: "none",
    status: 200,
    reply: z.record(z.string(), z.unknown()),
    raw: "application/json",
    codes: [],
  },
  asyncapi: {
    method: "get",
    path: "/api/asyncapi.json",
    docs: "The namespaces, as AsyncAPI 3.0.",
    auth: "none",
    status: 200,
    reply: z.record(z.string(), z.unknown()),
    raw: "application/json",
    codes: [],
  },
} as const satisfies Record<string, RouteSpec>;

export type RouteName = keyof typeof HTTP_ROUTES;

type Routes = typeof HTTP_ROUTES;
type Part<R extends RouteName, P extends "params" | "query" | "body"> =
  Routes[R] extends Readonly<Record<P, infer S extends z.ZodType>> ? z.output<S> : undefined;

/** What a route's handler gets, parsed; a part that the route does not have is `undefined`. */
export interface RouteInput<R extends RouteName> {
  readonly params: Part<R, "params">;
  readonly query: Part<R, "query">;
  readonly body: Part<R, "body">;
}

/** What a route's handler returns. */
export type RouteReply<R extends RouteName> = z.input<Routes[R]["reply"]>;

/** One handler for each route: a missing, an extra or an ill-typed one does not compile. */
export type RouteHandlers<Context> = {
  readonly [R in RouteName]: (input: RouteInput<R>, context: Context) => RouteReply<R> | Promise<RouteReply<R>>;
};
