/** How much an ack may carry, about. */
export const ACK_BYTES = 256 * 1024;

/** Bytes of anything as JSON. */
export const bytesOf = (value: object) => Buffer.byteLength(JSON.stringify(value));

const sizes = new WeakMap<object, number>();

/** The same of what never changes, as entries do not: computed once. */
export function sizeOf(value: object): number {
  let size = sizes.get(value);
  if (size === undefined) sizes.set(value, (size = bytesOf(value)));
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
