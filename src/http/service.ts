import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Authenticate } from "../auth/hook.ts";
import { CarillonError } from "../protocol/errors.ts";
import type { Identity } from "../runtime/session.ts";

export interface ServiceAuthOptions {
  readonly apiKeys: readonly string[];
  readonly authenticate: Authenticate;
  /** @throws CarillonError when a token has run out or was revoked. */
  requireValid(identity: Identity): void;
  addressOf(request: IncomingMessage): string;
}

const digest = (text: string) => createHash("sha256").update(text).digest();

/** The bearer token of a request, if it has one. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
}

/** Lets a service in: with one of the API keys, or with a token that has the role `service`. */
export function createServiceAuth({ apiKeys, authenticate, requireValid, addressOf }: ServiceAuthOptions) {
  const known = apiKeys.map(digest);

  /** @throws CarillonError `unauthorized`, `token_expired`, `forbidden`, `unavailable` */
  return async (request: IncomingMessage): Promise<void> => {
    const token = bearerOf(request);
    if (token === undefined) throw new CarillonError("unauthorized");
    // Of equal length, and all of them compared: the time that it takes tells nothing of a key.
    const given = digest(token);
    if (known.filter((key) => timingSafeEqual(key, given)).length > 0) return;
    const identity = await authenticate(token, { headers: request.headers, address: addressOf(request) });
    requireValid(identity);
    if (!identity.user.roles.includes("service")) throw new CarillonError("forbidden");
  };
}
