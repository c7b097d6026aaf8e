import { randomBytes } from "node:crypto";
import type { FilledOptions } from "../options.ts";
import { createGuests, type Guests } from "./guests.ts";
import { type Authenticate, withHook } from "./hook.ts";
import { createAuthenticator } from "./token.ts";

/** Who is let in, and how guests come to be. */
export interface Auth {
  readonly authenticate: Authenticate;
  /** Only where guests are on. */
  readonly guests: Guests | undefined;
}

/** Tokens by secret and key set, or by the embedder's hook; guests' tokens by the secret, or else by a key of this process's own. */
export function createAuth({ auth, authenticate: hook, guests: guestsOn, clock }: FilledOptions): Auth {
  const { secret, jwksUrl, issuer, audience } = auth;
  const checks = { clock, ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) };
  const guestKey = guestsOn ? (secret ?? randomBytes(32)) : undefined;
  const guests = guestKey === undefined ? undefined : createGuests({ ...checks, key: guestKey });
  const own = createAuthenticator({
    ...checks,
    ...(secret !== undefined && { secret }),
    ...(jwksUrl !== undefined && { jwksUrl }),
    ...(guestKey !== undefined && { guestKey }),
  });
  if (!hook) return { authenticate: (token) => own.authenticate(token), guests };
  return { authenticate: withHook(hook, { clock }), guests };
}
