import { createHash } from "node:crypto";

/** The id of two users' direct room: the same for both, whoever asks; a hash, because two user ids do not fit into a room id. */
export function directId(a: string, b: string): string {
  const [first, second] = a < b ? [a, b] : [b, a];
  return `dm-${createHash("sha256").update(`${first} ${second}`).digest("base64url").slice(0, 32)}`;
}
