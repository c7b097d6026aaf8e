/**
 * The arithmetic of a long column of rows of which only those near the view are drawn. Pixels from the top of the column throughout.
 * Nothing in here changes in place, and nothing knows of a document.
 */
export interface Column {
  /** A name for each row, from the top: the same row has the same name after every change. */
  readonly keys: readonly string[];
  /** Where each row begins, and at last where the column ends. */
  readonly tops: Float64Array;
  /** The row of this name. */
  indexOf(key: string): number | undefined;
}

/** What one sees of a column. */
export interface View {
  readonly top: number;
  readonly height: number;
}

/** Rows from `from` to before `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A row that one sees, and how far below the top of the view it begins. */
export interface Anchor {
  readonly key: string;
  readonly offset: number;
}

/**
 * Where a reader is: at the end, which is to be followed, or at rows that are to stay where they are, whatever happens around them. Several,
 * because the first of them may be gone afterwards.
 */
export type Place = "end" | readonly Anchor[];

/** Whoever is that close to the end is at the end. */
const END_SLACK_PX = 32;

/** So many rows are remembered, to have one that stays. */
const ANCHORS = 8;

/** Lays rows out, one below the other. */
export function layOut(keys: readonly string[], measure: (index: number) => number): Column {
  const tops = new Float64Array(keys.length + 1);
  for (let index = 0; index < keys.length; index++) tops[index + 1] = topAt(tops, index) + measure(index);
  return columnOf(keys, tops, indexed(keys));
}

/** The same rows, of which some turned out to be of another height. */
export function resized(column: Column, heights: ReadonlyMap<number, number>): Column {
  const { keys, indexOf } = column;
  const tops = column.tops.slice();
  const first = Math.min(keys.length, ...heights.keys());
  for (let index = first; index < keys.length; index++)
    tops[index + 1] = topAt(tops, index) + (heights.get(index) ?? heightAt(column, index));
  return columnOf(keys, tops, indexOf);
}

export function heightAt({ tops }: Column, index: number): number {
  return topAt(tops, index + 1) - topAt(tops, index);
}

export function heightOf({ keys, tops }: Column): number {
  return topAt(tops, keys.length);
}

/** The row at this height; the nearest one where there is none. */
export function rowAt({ keys, tops }: Column, y: number): number {
  let low = 0;
  let high = Math.max(keys.length - 1, 0);
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (topAt(tops, middle) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The rows that are to be drawn: those in the view, and those up to `overscan` pixels beyond it. */
export function spanOf(column: Column, { top, height }: View, overscan: number): Span {
  if (column.keys.length === 0) return { from: 0, to: 0 };
  return { from: rowAt(column, top - overscan), to: rowAt(column, top + height + overscan) + 1 };
}

/** Where somebody with this view is. */
export function placeOf(column: Column, { top, height }: View): Place {
  if (top + height >= heightOf(column) - END_SLACK_PX) return "end";
  const first = rowAt(column, top);
  return column.keys.slice(first, first + ANCHORS).map((key, index) => ({
    key,
    offset: topAt(column.tops, first + index) - top,
  }));
}

/** Where the view has to begin so that the reader is where he was. `before` is the answer where nothing that he saw is left. */
export function topOf(column: Column, place: Place, { top: before, height }: View): number {
  const last = Math.max(heightOf(column) - height, 0);
  if (place === "end") return last;
  for (const { key, offset } of place) {
    const index = column.indexOf(key);
    if (index !== undefined) return clamp(topAt(column.tops, index) - offset, last);
  }
  return clamp(before, last);
}

/** Where the view has to begin to show a row, a part (0 to 1) of the room around it being above it. */
export function topToShow(column: Column, index: number, height: number, part: number): number {
  const room = Math.max(height - heightAt(column, index), 0);
  return clamp(topAt(column.tops, index) - room * part, Math.max(heightOf(column) - height, 0));
}

function columnOf(keys: readonly string[], tops: Float64Array, indexOf: Column["indexOf"]): Column {
  return { keys, tops, indexOf };
}

/** Made when it is first asked for: many columns never are. */
function indexed(keys: readonly string[]): Column["indexOf"] {
  let indexes: Map<string, number> | undefined;
  return (key) => (indexes ??= new Map(keys.map((own, index) => [own, index]))).get(key);
}

function topAt(tops: Float64Array, index: number): number {
  return tops[index] ?? 0;
}

function clamp(top: number, last: number): number {
  return Math.min(Math.max(top, 0), last);
}
