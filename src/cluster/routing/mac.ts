import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** HMAC-SHA256 (RFC 2104) with a key of its own for each purpose, so that what was signed for one never counts for another. */
export interface Mac {
  /** In base64url. */
  sign(text: string): string;
  /** In constant time. */
  verify(text: string, signature: string): boolean;
}

/** `bytes` is how much of the 32 is kept; a multiple of 3, so that a signature has no spare bits and thus only one spelling. */
export function createMac(secret: string | Buffer, purpose: string, bytes: number): Mac {
  const key = Buffer.from(hkdfSync("sha256", secret, "", `carillon ${purpose}`, 32));
  const digest = (text: string) => createHmac("sha256", key).update(text).digest().subarray(0, bytes);
  return {
    sign: (text) => digest(text).toString("base64url"),
    verify(text, signature) {
      const given = Buffer.from(signature, "base64url");
      return given.length === bytes && timingSafeEqual(given, digest(text));
    },
  };
}
