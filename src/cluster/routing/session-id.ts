import { randomBytes } from "node:crypto";
import { createMac } from "./mac.ts";

const RANDOM_BYTES = 15;
const MAC_BYTES = 12;

/** The owner's boot id, 120 random bits, and 96 bits that show both to be ours. */
const SESSION_ID = /^(([0-9a-f]{12})[A-Za-z0-9_-]{20})([A-Za-z0-9_-]{16})$/;

/** A boot id, as workers give themselves. */
export const BOOT_ID = /^[0-9a-f]{12}$/;

/** Engine.IO session ids that say which worker holds the session. */
export interface SessionIds {
  /** A new one of this worker's. */
  create(): string;
  /** The boot id of the worker that made it; nothing of what was not made with our secret. */
  ownerOf(sessionId: string): string | undefined;
}

export function createSessionIds(secret: string | Buffer, worker: string): SessionIds {
  const mac = createMac(secret, "session id", MAC_BYTES);
  return {
    create() {
      const named = worker + randomBytes(RANDOM_BYTES).toString("base64url");
      return named + mac.sign(named);
    },
    ownerOf(sessionId) {
      const [, named = "", owner, signature = ""] = SESSION_ID.exec(sessionId) ?? [];
      return mac.verify(named, signature) ? owner : undefined;
    },
  };
}

/** The session id in a URL, where Engine.IO would find it: of several it takes the last. */
export function sessionIdIn(url: string): string | undefined {
  if (!URL.canParse(url, "http://localhost")) return undefined;
  return new URL(url, "http://localhost").searchParams.getAll("sid").at(-1);
}
