import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { CarillonError } from "../protocol/errors.ts";
import { UserName, type User } from "../protocol/fields.ts";
import { displayName, GUEST_PREFIX } from "./claims.ts";
import { type AwaitedKey, importSecret } from "./keys.ts";
import { signToken, verifyGuestToken, type SignedToken, type TokenChecks } from "./token.ts";

export interface GuestsOptions extends TokenChecks {
  /** The `guestKey` of the authenticator. */
  readonly key: AwaitedKey;
  /** How long a guest's token holds; a day by default. */
  readonly ttlSec?: number;
}

export interface GuestPass extends SignedToken {
  readonly user: z.output<typeof User>;
}

/** Lets people in who have no account: under a name of their choice, with no role and no claim on any room. */
export interface Guests {
  /** A new guest. Refuses a name that is none with `bad_request`. */
  issue(name: string): Promise<GuestPass>;
  /**
   * The same guest for longer, perhaps under another name. Takes only a valid token that was issued here, and refuses
   * others with `unauthorized` or `token_expired`. Whether it was revoked is for the caller to check.
   */
  renew(token: unknown, name: string): Promise<GuestPass>;
}

export function createGuests({ key, ttlSec = 86_400, ...checks }: GuestsOptions): Guests {
  const signingKey = importSecret(key);

  const sign = async (id: string, name: string): Promise<GuestPass> => {
    const { issuer, audience, clock } = checks;
    const claims = {
      sub: id,
      name,
      guest: true,
      ...(issuer !== undefined && { iss: issuer }),
      ...(audience !== undefined && { aud: audience }),
    } as const;
    const signed = await signToken(await signingKey, claims, { ttlSec, clock });
    return { ...signed, user: { id, name: displayName(name, id), roles: [] } };
  };

  return {
    async issue(name) {
      return sign(GUEST_PREFIX + randomBytes(12).toString("base64url"), parseName(name));
    },
    async renew(token, name) {
      const { identity } = await verifyGuestToken(token, await signingKey, checks);
      return sign(identity.user.id, parseName(name));
    },
  };
}

function parseName(name: unknown): string {
  const parsed = UserName.safeParse(name);
  if (!parsed.success) throw new CarillonError("bad_request", { details: { path: "name" } });
  return parsed.data;
}
