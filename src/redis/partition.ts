/** How many there are. It is for ever: with another number, or other tags, every key would have another name. */
export const PARTITIONS = 256;

const SLOTS = 16_384;

/** CRC16 (XMODEM), by which Redis Cluster spreads keys over slots. @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}

/** The shortest number for each 256th of the slots: partitions lie evenly over whatever masters a Cluster has. */
const tags: readonly string[] = (() => {
  const found = new Map<number, string>();
  for (let number = 0; found.size < PARTITIONS; number++) {
    const tag = number.toString(36);
    const part = Math.floor((crc16(tag) % SLOTS) / (SLOTS / PARTITIONS));
    if (!found.has(part)) found.set(part, tag);
  }
  return Array.from({ length: PARTITIONS }, (_, part) => found.get(part) ?? "");
})();

/** The hash tag of a partition, from 0 to 255, with its braces. */
export function tagOf(partition: number): string {
  return `{${tags[partition] ?? ""}}`;
}

/** The partition of a name: a room's, a user's. All that is kept of one name lies in one slot, and so changes together. */
export function partitionOf(name: string): number {
  return crc16(name) % PARTITIONS;
}

/** Names of keys and channels: `<prefix>:{tag}:<parts…>`, in the slot of `name`'s partition. */
export function keysOf(prefix: string, name: string): (...parts: string[]) => string {
  const start = `${prefix}:${tagOf(partitionOf(name))}`;
  return (...parts) => [start, ...parts].join(":");
}
