import type { IncomingHttpHeaders } from "node:http";
import type { ParsedUrlQuery } from "node:querystring";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { CarillonError } from "../protocol/errors.ts";
import { At, UserId } from "../protocol/fields.ts";
import { within } from "../deadline.ts";
import type { Identity } from "../runtime/session.ts";
import { displayName, knownRoles, RoomPatterns } from "./claims.ts";

/** What is known of a client beside its token: Socket.IO's handshake has this shape, an HTTP request can be given it. */
export interface Handshake {
  readonly headers: IncomingHttpHeaders;
  readonly address: string;
  readonly query?: ParsedUrlQuery;
  readonly auth?: Readonly<Record<string, unknown>>;
}

/** Tells who is there, or refuses by throwing a `CarillonError`. */
export type Authenticate = (token: unknown, handshake: Handshake) => Promise<Identity>;

/** A user as an embedder describes one: `name` defaults to the id, `roles` (unknown ones are dropped) and `rooms` to none. */
export interface HookUser {
  readonly id: string;
  readonly name?: string | null;
  readonly roles?: readonly string[] | null;
  readonly rooms?: readonly string[] | null;
}

/** A user for a limited time. Times are epoch milliseconds. */
export interface HookIdentity {
  readonly user: HookUser;
  readonly issuedAt?: number;
  readonly expiresAt?: number;
}

type HookResult = HookUser | HookIdentity | null | undefined;

/** An embedder's own way to tell who is there. Nothing means nobody: `unauthorized`. */
export type AuthenticateHook = (token: unknown, handshake: Handshake) => HookResult | Promise<HookResult>;

export interface HookOptions {
  readonly clock: Clock;
  /** How long the hook may take; 5 s by default. */
  readonly timeoutMs?: number;
}

const UserResult = z
  .object({
    id: UserId,
    name: z.string().nullish(),
    roles: z.array(z.string()).nullish(),
    rooms: RoomPatterns.nullish(),
  })
  .transform(({ id, name, roles, rooms }) => ({
    id,
    name: displayName(name, id),
    roles: knownRoles(roles ?? []),
    rooms: rooms ?? [],
  }));
const IdentityResult = z.object({ user: UserResult, issuedAt: At.optional(), expiresAt: At.optional() });

/**
 * Makes a hook safe to rely on: a `CarillonError` that it throws passes, anything else is `unavailable`, silence is
 * `timeout`, and a result that describes no user is `internal`. The cause is kept for the log.
 */
export function withHook(hook: AuthenticateHook, { clock, timeoutMs = 5000 }: HookOptions): Authenticate {
  return async (token, handshake) => {
    const result = await within(clock, timeoutMs, () => hook(token, handshake)).catch((thrown: unknown) => {
      throw CarillonError.from(thrown, "unavailable");
    });
    if (result === null || result === undefined) throw new CarillonError("unauthorized");
    const identity = parseResult(result);
    if (identity.expiresAt !== undefined && identity.expiresAt <= clock.now()) throw new CarillonError("token_expired");
    return identity;
  };
}

function parseResult(result: unknown): Identity {
  try {
    const isIdentity = typeof result === "object" && result !== null && "user" in result;
    if (!isIdentity) return { user: UserResult.parse(result) };
    const { user, issuedAt, expiresAt } = IdentityResult.parse(result);
    return { user, ...(issuedAt !== undefined && { issuedAt }), ...(expiresAt !== undefined && { expiresAt }) };
  } catch (thrown) {
    throw CarillonError.from(thrown);
  }
}
