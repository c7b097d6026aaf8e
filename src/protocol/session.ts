import { z } from "zod";
import type { EventSpec, RequestSpec } from "./contract.ts";
import { At, User } from "./fields.ts";
import { ERRORS, type ErrorCode } from "./errors.ts";

/** The version of the protocol that this build speaks. */
export const PROTOCOL = 1;

const codes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** An error as it goes over the wire. */
export const FailureSchema = z
  .object({
    code: z.enum(codes),
    message: z.string(),
    retryable: z.boolean(),
    retryAfterMs: z.int().min(0).optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "Failure" });

export const Limits = z
  .object({
    ratePerSec: z.number(),
    rateBurst: z.int(),
    maxRooms: z.int(),
    maxFrameBytes: z.int(),
    maxBufferBytes: z.int(),
    historySize: z.int(),
    inboxSize: z.int(),
  })
  .meta({ id: "Limits", description: "What this server takes; 0 means no limit." });

/** What every namespace hears. */
export const SESSION_REQUESTS = {
  "token:refresh": {
    docs: "Replace the token of the whole connection before it runs out. Another `sub` is `forbidden`; new roles and rooms apply at once.",
    input: z.object({ token: z.string().min(1).max(16_384) }),
    reply: z.object({ expiresAt: At.optional() }),
    socket: true,
  },
} as const satisfies Record<string, RequestSpec>;

/** What every namespace says. */
export const SESSION_EVENTS = {
  "session:opened": {
    docs: "The first event of a connection to a namespace.",
    payload: z.object({
      protocol: z.literal(PROTOCOL),
      server: z.object({ version: z.string(), worker: z.string() }),
      user: User,
      expiresAt: At.optional(),
      limits: Limits,
      at: At,
    }),
  },
  "session:closing": {
    docs: "The server is about to close this connection, and why. A retryable one is followed by the transport's end and the client comes back by itself; a terminal one by the namespace's.",
    payload: FailureSchema.omit({ details: true }),
  },
} as const satisfies Record<string, EventSpec>;
