import { z } from "zod";
import { Role, UserId, UserName } from "../protocol/fields.ts";
import type { User } from "../runtime/caller.ts";

const MAX_NAME_LENGTH = 100;
const MAX_PATTERNS = 200;

/** What every guest's id begins with. */
export const GUEST_PREFIX = "guest-";

/** Patterns of rooms, `*` standing for any run of characters: `"*"`, `"team-*"`, `"lobby"`. */
export const RoomPatterns = z.array(z.string().regex(/^[A-Za-z0-9_.*-]{1,64}$/)).max(MAX_PATTERNS);

/** Seconds since 1970, up to the last instant that JavaScript has a date for. */
const Instant = z.number().min(0).max(8.64e12);

/** Rounded, because a whole millisecond has no exact form in binary seconds. */
const toMs = (sec: number) => Math.round(sec * 1000);

/**
 * The claims of a token whose signature and times have been checked. Roles are shared with other services of the same
 * issuer, so whatever is unknown there is dropped; `rooms` is Carillon's own, so a malformed one is refused.
 */
export const Claims = z
  .object({
    sub: UserId,
    name: z.unknown().optional(),
    roles: z.unknown().optional(),
    rooms: RoomPatterns.nullish(),
    exp: Instant,
    iat: Instant.optional(),
    guest: z.unknown().optional(),
  })
  .transform(({ sub, name, roles, rooms, exp, iat, guest }) => ({
    identity: {
      user: {
        id: sub,
        name: displayName(name, sub),
        roles: knownRoles(Array.isArray(roles) ? roles : []),
        rooms: rooms ?? [],
      } satisfies User,
      expiresAt: toMs(exp),
      ...(iat !== undefined && { issuedAt: toMs(iat) }),
    },
    guest: guest === true && sub.startsWith(GUEST_PREFIX),
  }));
export type Claims = z.output<typeof Claims>;

/** Those of `roles` that Carillon knows, each once. */
export function knownRoles(roles: readonly unknown[]): User["roles"] {
  return Role.options.filter((role) => roles.includes(role));
}

/** The name that others see: cut to what a name may hold, and the id where there is none. */
export function displayName(name: unknown, id: string): string {
  const parsed = typeof name === "string" ? UserName.safeParse(cut(name)) : undefined;
  return parsed?.success ? parsed.data : cut(id);
}

/** Never through the middle of a character. */
function cut(text: string): string {
  return text.length <= MAX_NAME_LENGTH ? text : text.slice(0, MAX_NAME_LENGTH).replace(/[\uD800-\uDBFF]$/, "");
}
