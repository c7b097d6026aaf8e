import type { FilledOptions } from "../options.ts";
import { CarillonError } from "../protocol/errors.ts";
import { createGuests, type Guests } from "./guests.ts";
import { type Authenticate, withHook } from "./hook.ts";
import type { AwaitedKey } from "./keys.ts";
import { createAuthenticator } from "./token.ts";

/** Who is let in, and how guests come to be. */
export interface Auth {
  readonly authenticate: Authenticate;
  /** Only where guests are on. */
  readonly guests: Guests | undefined;
}

/**
 * Tokens by secret and key set, or by the embedder's hook; guests' tokens by the secret, or else by `ownKey`, which is asked for only
 * then. The hook is not asked about guests: their tokens were issued here.
 */
export function createAuth(
  { auth, authenticate: hook, guests: guestsOn, clock }: FilledOptions,
  ownKey: () => AwaitedKey,
): Auth {
  const { secret, jwksUrl, issuer, audience } = auth;
  const checks = { clock, ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) };
  const guestKey = guestsOn ? (secret ?? ownKey()) : undefined;
  const guests = guestKey === undefined ? undefined : createGuests({ ...checks, key: guestKey });
  const own = createAuthenticator({
    ...checks,
    ...(!hook && secret !== undefined && { secret }),
    ...(!hook && jwksUrl !== undefined && { jwksUrl }),
    ...(guestKey !== undefined && { guestKey }),
  });
  const ownTokens: Authenticate = (token) => own.authenticate(token);
  if (!hook) return { authenticate: ownTokens, guests };
  const byHook = withHook(hook, { clock });
  return { authenticate: guests ? firstOf(ownTokens, byHook) : byHook, guests };
}

/** Asks `second` about whomever `first` does not know. */
function firstOf(first: Authenticate, second: Authenticate): Authenticate {
  return (token, handshake) =>
    first(token, handshake).catch((thrown: unknown) => {
      if (CarillonError.from(thrown).code === "unauthorized") return second(token, handshake);
      throw thrown;
    });
}
