import { createHmac, KeyObject, timingSafeEqual } from "node:crypto";
import {
  decodeProtectedHeader,
  errors,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
  type JWTClaimVerificationOptions,
  type JWTPayload,
  type JWTVerifyGetKey,
  type ProtectedHeaderParameters,
} from "jose";
import type { z } from "zod";
import type { Clock } from "../clock.ts";
import { badInput, CarillonError } from "../protocol/errors.ts";
import type { Role } from "../protocol/fields.ts";
import type { Identity } from "../runtime/session.ts";
import { Claims } from "./claims.ts";
import { importSecret, remoteKeys, type AwaitedKey, type KeySetOptions, type SharedKey } from "./keys.ts";

const MAX_TOKEN_LENGTH = 16_384;
/** How far ahead of ours the clock of an issuer may be. */
const MAX_CLOCK_SKEW_MS = 60_000;
const SYMMETRIC = "HS256";
// prettier-ignore
const ASYMMETRIC = [
  "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
];

/** What every token has to say, whoever signed it. */
export interface TokenChecks {
  readonly issuer?: string;
  readonly audience?: string;
  readonly clock: Clock;
}

/** Where keys come from. With none at all, every token is refused. */
export interface AuthenticatorOptions extends TokenChecks, KeySetOptions {
  /** The key of HS256 tokens. */
  readonly secret?: SharedKey;
  /** Where the issuer publishes its public keys; needs `issuer` and `audience`. */
  readonly jwksUrl?: string;
  /** What `createGuests` signs with, where guests are on; it may be `secret`. Without it, guests' tokens are refused. */
  readonly guestKey?: AwaitedKey;
}

/** Tells who holds a token. */
export interface Authenticator {
  /**
   * Refuses with `unauthorized`, with `token_expired` (the token was good), or with `unavailable` (the key set's endpoint
   * is out, so nobody can tell).
   */
  authenticate(token: unknown): Promise<Identity>;
}

/** Checks tokens: HS256 against shared keys, asymmetric algorithms against the issuer's key set, nothing else. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { secret, guestKey, jwksUrl, issuer, audience } = options;
  if (jwksUrl !== undefined && (!issuer || !audience)) throw new TypeError("jwksUrl needs issuer and audience");

  const ownKey = secret === undefined ? undefined : importSecret(secret);
  const guestsKey = guestKey === undefined ? undefined : importSecret(guestKey);
  const issuerKeys = jwksUrl === undefined ? undefined : remoteKeys(jwksUrl, options);

  const checkShared = async (token: string): Promise<Claims> => {
    if (ownKey !== undefined) {
      try {
        return await verifyToken(token, await ownKey, options);
      } catch (refusal) {
        if (guestsKey === undefined || !isForeign(refusal)) throw refusal;
      }
    }
    if (guestsKey === undefined) throw new CarillonError("unauthorized");
    return verifyGuestToken(token, await guestsKey, options);
  };

  return {
    async authenticate(token) {
      if (!isTokenText(token)) throw new CarillonError("unauthorized");
      // The algorithm decides which kind of key is looked at, so a public key's text is never taken for a secret.
      if (headerOf(token).alg === SYMMETRIC) return admit(await checkShared(token), guestsKey !== undefined);
      if (issuerKeys === undefined) throw new CarillonError("unauthorized");
      return (await verifyToken(token, issuerKeys, options)).identity;
    },
  };
}

/** A guest has no rights whatever the token says, and is nobody once guests are switched off. */
function admit({ identity, guest }: Claims, guestsOn: boolean): Identity {
  if (!guest) return identity;
  if (!guestsOn) throw new CarillonError("unauthorized");
  return { ...identity, user: { ...identity.user, roles: [], rooms: [] } };
}

/** Checks a token that `createGuests` signed with this key; refuses any other with `unauthorized`. */
export async function verifyGuestToken(token: unknown, key: KeyObject, checks: TokenChecks): Promise<Claims> {
  if (!isTokenText(token)) throw new CarillonError("unauthorized");
  const claims = await verifyToken(token, key, checks);
  if (!claims.guest) throw new CarillonError("unauthorized");
  return claims;
}

async function verifyToken(
  token: string,
  key: KeyObject | JWTVerifyGetKey,
  { issuer, audience, clock }: TokenChecks,
): Promise<Claims> {
  const nowMs = clock.now();
  const checks = {
    requiredClaims: ["sub", "exp"],
    currentDate: new Date(nowMs),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  };
  try {
    const payload =
      key instanceof KeyObject
        ? verifyShared(token, key, checks)
        : (await jwtVerify(token, key, { ...checks, algorithms: ASYMMETRIC })).payload;
    const claims = Claims.parse(payload);
    // jose compares whole seconds.
    if (claims.identity.expiresAt <= nowMs) throw new CarillonError("token_expired");
    // It would outlive a revocation that comes before then.
    if ((claims.identity.issuedAt ?? 0) > nowMs + MAX_CLOCK_SKEW_MS) throw new CarillonError("unauthorized");
    return claims;
  } catch (error) {
    throw toRefusal(error);
  }
}

/** The header of a token without a signature, as it comes encoded: `{"alg":"none"}`. */
const UNSIGNED = "eyJhbGciOiJub25lIn0";

/**
 * Checks a token in this turn. jose hands every signature to a thread, which for HS256 takes many times as long as the check itself. So
 * the signature is checked here, and the claims of what was signed are left to jose: as those of a token without one.
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-5.2
 */
function verifyShared(token: string, key: KeyObject, checks: JWTClaimVerificationOptions): JWTPayload {
  const { alg, crit } = headerOf(token);
  // Whoever says what has to be understood wants to be refused by those who do not.
  if (alg !== SYMMETRIC || crit !== undefined) throw new errors.JWSInvalid("not a plain HS256 token");
  const [header = "", payload = "", signature = "", ...rest] = token.split(".");
  const expected = createHmac("sha256", key).update(`${header}.${payload}`).digest("base64url");
  if (rest.length > 0 || !isSame(signature, expected)) throw new errors.JWSSignatureVerificationFailed();
  return UnsecuredJWT.decode(`${UNSIGNED}.${payload}.`, checks).payload;
}

/** Takes as long wherever they differ. */
function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function toRefusal(error: unknown): CarillonError {
  if (error instanceof CarillonError) return error;
  if (error instanceof errors.JWTExpired) return new CarillonError("token_expired");
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return new CarillonError("unauthorized", { cause: error });
  // jose's errors carry the claims, or a piece of the token, along: the log gets the reason alone.
  return new CarillonError("unauthorized", {
    cause: error instanceof errors.JOSEError ? new Error(error.message) : error,
  });
}

/** Another key signed this token. */
function isForeign(refusal: unknown): boolean {
  return refusal instanceof CarillonError && refusal.cause instanceof errors.JWSSignatureVerificationFailed;
}

function isTokenText(token: unknown): token is string {
  return typeof token === "string" && token !== "" && token.length <= MAX_TOKEN_LENGTH;
}

/** Headers by how they come encoded: an issuer's tokens have one or two, and those that others make up are soon forgotten. */
const headers = new Map<string, ProtectedHeaderParameters>();
const MAX_HEADERS = 100;
const MAX_HEADER_LENGTH = 200;

/** As the token says, which nobody has checked yet; nothing where it says none. */
function headerOf(token: string): ProtectedHeaderParameters {
  const encoded = token.slice(0, Math.max(0, token.indexOf(".")));
  const known = headers.get(encoded);
  if (known) return known;
  const header = decodeHeader(encoded);
  if (headers.size >= MAX_HEADERS) headers.clear();
  if (encoded.length <= MAX_HEADER_LENGTH) headers.set(encoded, header);
  return header;
}

/** Of nothing else of a token: one that is cut short must not spoil the header for those that are whole. */
function decodeHeader(encoded: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader({ protected: encoded });
  } catch {
    return {};
  }
}

/** What a token says; the times are `signToken`'s. */
export interface TokenClaims {
  readonly sub: string;
  readonly name?: string;
  readonly roles?: readonly z.output<typeof Role>[];
  readonly rooms?: readonly string[];
  readonly iss?: string;
  readonly aud?: string;
  readonly guest?: true;
}

export interface SignedToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/**
 * Signs a token with HS256. `iat` has milliseconds, so that a token made right after a revocation, in the same second,
 * is not refused with those made before. Claims that no check would let pass are refused with `bad_request`.
 */
export async function signToken(
  key: SharedKey,
  claims: TokenClaims,
  { ttlSec, clock }: { ttlSec: number; clock: Clock },
): Promise<SignedToken> {
  const iat = clock.now() / 1000;
  const payload = { ...claims, iat, exp: iat + ttlSec };
  const parsed = Claims.safeParse(payload);
  if (!parsed.success) throw badInput(parsed.error.issues);
  const token = await new SignJWT(payload)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(await importSecret(key));
  return { token, expiresAt: parsed.data.identity.expiresAt };
}
