import { createSecretKey, KeyObject } from "node:crypto";
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { CarillonError } from "../protocol/errors.ts";

const MIN_SECRET_BYTES = 32;

/** What signs and checks HS256: at least 32 bytes, as RFC 7518 asks, or a key that was imported before. */
export type SharedKey = KeyObject | Uint8Array | string;

/** A key that may be on its way: what needs it waits. It does not reject. */
export type AwaitedKey = SharedKey | Promise<Uint8Array>;

/**
 * Imports a secret, for all checks to come: importing costs more than a check.
 * @throws TypeError at once where the secret is shorter than 32 bytes.
 */
export function importSecret(secret: AwaitedKey): Promise<KeyObject> {
  if (secret instanceof Promise) return secret.then(importSecret);
  if (secret instanceof KeyObject) return Promise.resolve(secret);
  const bytes = Buffer.from(secret);
  if (bytes.length < MIN_SECRET_BYTES) throw new TypeError(`A secret needs at least ${MIN_SECRET_BYTES} bytes`);
  return Promise.resolve(createSecretKey(bytes));
}

export interface KeySetOptions {
  /** How long the key set's endpoint may take; 5 s by default. */
  readonly jwksTimeoutMs?: number;
  /**
   * For how long after a fetch an unknown key id is refused without asking again; 5 s by default: made-up ids cost the
   * issuer one request in that time, and a key that it has just begun to use is refused for no longer.
   */
  readonly jwksCooldownMs?: number;
}

/**
 * The public keys of a JWKS endpoint, fetched when they are needed. A key that is not among them is the token's fault;
 * whatever else goes wrong is the endpoint's, and `unavailable`.
 */
export function remoteKeys(url: string, { jwksTimeoutMs = 5000, jwksCooldownMs = 5000 }: KeySetOptions) {
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: jwksTimeoutMs,
    cooldownDuration: jwksCooldownMs,
  });

  const keyOf: JWTVerifyGetKey = async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new CarillonError("unavailable", { cause: error });
    }
  };
  return keyOf;
}
