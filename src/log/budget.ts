import type { Entry } from "./index.ts";

/** How much an ack may carry, about. */
export const ACK_BYTES = 256 * 1024;

/** Bytes of anything as JSON. */
export const bytesOf = (value: object) => Buffer.byteLength(JSON.stringify(value));

const sizes = new WeakMap<Entry, number>();

/** Bytes of an entry as JSON; computed once, since entries never change. */
export function sizeOf(entry: Entry): number {
  let size = sizes.get(entry);
  if (size === undefined) sizes.set(entry, (size = bytesOf(entry)));
  return size;
}

/** The longest run from the start that fits. */
export function fitting<T>(items: readonly T[], maxBytes: number, sizeOfItem: (item: T) => number): readonly T[] {
  let bytes = 0;
  const end = items.findIndex((item) => (bytes += sizeOfItem(item)) > maxBytes);
  return end < 0 ? items : items.slice(0, end);
}

/** The longest run up to the last that fits. */
export function fittingLast<T>(items: readonly T[], maxBytes: number, sizeOfItem: (item: T) => number): readonly T[] {
  return fitting(items.toReversed(), maxBytes, sizeOfItem).toReversed();
}
