import { randomBytes } from "node:crypto";
import { type Clock, pause } from "../clock.ts";
import type { RedisLink } from "./link.ts";

const RETRY_MS = 200;

/** Enough for HS256. */
const KEY_BYTES = 32;

/**
 * A secret that all workers share, made by whichever needs it first. It is kept in Redis, and put back where Redis has lost it:
 * otherwise the next worker to start would make another. Never rejects; it comes when Redis does.
 */
export async function keptKey(link: RedisLink, clock: Clock, name: string): Promise<Uint8Array> {
  const at = link.keys(name)("key");
  const own = randomBytes(KEY_BYTES).toString("base64url");
  await link.ready;
  const keep = (key: string) =>
    link
      .run(async (client) => (await client.set(at, key, "NX")) ?? client.get(at))
      .then(
        (kept) => (kept === "OK" ? key : kept),
        () => null,
      );
  let key = await keep(own);
  while (key === null) {
    await pause(clock, RETRY_MS);
    key = await keep(own);
  }
  const kept = key;
  link.onGap(() => void keep(kept));
  return Buffer.from(kept, "base64url");
}
