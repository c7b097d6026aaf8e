import type { Sample } from "../measure.ts";

/** Of the rounds that count. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** Nothing of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || min === undefined || max === undefined) return undefined;
  return { median: (low + high) / 2, min, max, rounds: sorted.length };
}

/** A figure of a contender, by round; rounds that are void are left out. */
export function byRound(samples: readonly Sample[], contender: string, figure: string): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  for (const { peer, round, figures, void: why } of samples) {
    const value = figures[figure];
    if (peer === contender && why === undefined && value !== undefined) values.set(round, value);
  }
  return values;
}

/** How one figure stands to another, within each round that has both: what the machine did in that round has touched both. */
export function ratios(of: ReadonlyMap<number, number>, against: ReadonlyMap<number, number>): number[] {
  return [...of].flatMap(([round, value]) => {
    const base = against.get(round);
    return base === undefined || base === 0 ? [] : [value / base];
  });
}

/** Three digits that count, or more before the point; at most three behind it. */
export function digits(value: number): string {
  if (Math.abs(value) < 0.0005) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude >= 3) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(Math.min(3, Math.max(0, 2 - magnitude)));
}

/** `12.3 (11.9…13.0)`. */
export function shown(spread: Spread | undefined): string {
  if (!spread) return "–";
  const { median, min, max, rounds } = spread;
  return rounds === 1 ? digits(median) : `${digits(median)} (${digits(min)}…${digits(max)})`;
}
