import { bytes, bytesPerSec, digits, percent } from "./format.ts";
import type { Column } from "./series.ts";
import type { Token } from "./theme.ts";

export interface ChartLine {
  readonly column: Column;
  readonly label: string;
  readonly color: Token;
}

export interface ChartSpec {
  readonly title: string;
  /** The first is drawn above the others, over a filled ground where it is alone. */
  readonly lines: readonly [ChartLine, ...ChartLine[]];
  readonly format: (value: number) => string;
  /** Where the y axis ends, by the largest value there is and the host's memory; it begins at 0. */
  readonly top: (most: number, memoryBytes: number) => number;
  /** Distances between ticks of the y axis, where they are not decimal. */
  readonly steps?: number[];
}

/** So that idle noise does not fill the chart. */
const QUIET = { bytesPerSec: 10_000, lagMs: 10 };
const HEADROOM = 1.1;
const POWERS_OF_2 = Array.from({ length: 44 }, (_, power) => 2 ** power);

/** What is drawn for each host, in this order. */
export const CHARTS: readonly ChartSpec[] = [
  {
    title: "CPU",
    lines: [{ column: "cpu", label: "used", color: "first" }],
    format: percent,
    top: () => 100,
  },
  {
    title: "Memory",
    lines: [{ column: "memory", label: "used", color: "first" }],
    format: bytes,
    top: (most, memoryBytes) => Math.max(most, memoryBytes),
    steps: POWERS_OF_2,
  },
  {
    title: "Network",
    lines: [
      { column: "received", label: "in", color: "first" },
      { column: "sent", label: "out", color: "second" },
    ],
    format: bytesPerSec,
    top: (most) => Math.max(most * HEADROOM, QUIET.bytesPerSec),
  },
  {
    // The unit once, and not with each of its values: there are three of them to one line.
    title: "Event-loop lag, ms",
    lines: [
      { column: "lagP50", label: "p50", color: "first" },
      { column: "lagP99", label: "p99", color: "second" },
      { column: "lagMax", label: "max", color: "third" },
    ],
    format: digits,
    top: (most) => Math.max(most * HEADROOM, QUIET.lagMs),
  },
];
