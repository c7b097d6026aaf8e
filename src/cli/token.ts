import type { z } from "zod";
import { signToken } from "../auth/token.ts";
import type { Clock } from "../clock.ts";
import { parseConfig, type Env } from "../config.ts";
import type { Role } from "../protocol/fields.ts";

export interface TokenOptions {
  readonly sub: string;
  readonly name?: string;
  readonly role?: z.output<typeof Role>[];
  readonly room?: string[];
  readonly ttl: number;
}

/** A token that a server with the same environment takes. */
export async function makeToken(options: TokenOptions, env: Env, clock: Clock): Promise<string> {
  const { JWT_SECRET, JWT_SECRET_FILE, JWT_ISSUER, JWT_AUDIENCE } = env;
  const { auth } = parseConfig({ JWT_SECRET, JWT_SECRET_FILE, JWT_ISSUER, JWT_AUDIENCE });
  if (auth.secret === undefined) throw new Error("JWT_SECRET (or JWT_SECRET_FILE) is not set");
  const claims = {
    sub: options.sub,
    ...(options.name !== undefined && { name: options.name }),
    ...(options.role && { roles: options.role }),
    ...(options.room && { rooms: options.room }),
    ...(auth.issuer !== undefined && { iss: auth.issuer }),
    ...(auth.audience !== undefined && { aud: auth.audience }),
  };
  const { token } = await signToken(auth.secret, claims, { ttlSec: options.ttl, clock });
  return token;
}
