import { styleOf } from "../report/style.ts";

const WIDTH = 760;
const LEFT = 196;
const RIGHT = 64;
const PLOT = WIDTH - LEFT - RIGHT;
const BAR = 16;
const STEP = 26;
const HEAD = 34;
const FOOT = 30;

const STYLE = styleOf(
  `
    .first { fill: #0969da; stroke: #0969da; }
    .second { fill: #afb8c1; stroke: #afb8c1; }
    .mark { stroke-width: 3; stroke-linecap: round; }
    .bar { stroke: none; }
    .axis { stroke: #d1d9e0; }`,
  `
      .first { fill: #4493f8; stroke: #4493f8; }
      .second { fill: #656c76; stroke: #656c76; }
      .axis { stroke: #3d444d; }`,
);

/** What is drawn in two shades, by its legend; the first is the stronger one. */
export type Legend = readonly [first: string, second: string];

interface Panel {
  readonly title: string;
  /** In a row's middle, from `LEFT`. */
  readonly rows: readonly { readonly name: string; readonly drawn: string }[];
  /** Behind the rows. */
  readonly behind?: string;
}

/** Titles, and for each the rows of one panel. */
type Stacks = Readonly<Record<string, readonly { readonly name: string; readonly parts: readonly [number, number] }[]>>;

/** One bar a row: of two parts, one behind the other, on a linear scale that all panels share; the figure at its end is their sum. */
export function stackedBars(stacks: Stacks, show: Show): Panel[] {
  const most = Math.max(...Object.values(stacks).flatMap((rows) => rows.map(({ parts: [one, other] }) => one + other)));
  const scale = (value: number) => (value / most) * PLOT;
  return Object.entries(stacks).map(([title, rows]) => ({
    title,
    rows: rows.map(({ name, parts: [one, other] }) => {
      const [middle, end] = [scale(one), scale(one + other)];
      return { name, drawn: bar("first", 0, middle) + bar("second", middle, end) + label(end, show(one + other)) };
    }),
  }));
}

/** One bar a row on a logarithmic scale from 10 up: its length shows magnitudes, its figure the rest. */
export function logBars(title: string, rows: readonly { name: string; value: number }[], show: Show): Panel {
  const scale = logScale(10, Math.max(...rows.map(({ value }) => value)));
  return {
    title,
    rows: rows.map(({ name, value }) => {
      const end = value > 10 ? scale.at(value) : 0;
      return { name, drawn: bar("first", 0, end) + label(end, show(value)) };
    }),
  };
}

/** Titles, and for each the rows of one panel. */
type Spans = Readonly<Record<string, readonly { readonly name: string; readonly both: readonly [Range, Range] }[]>>;

/** From p50, a dot, to p99, the end of the line: two of them a row, on a logarithmic scale that all panels share. */
export function ranges(spans: Spans, show: Show): Panel[] {
  const all = Object.values(spans).flatMap((rows) => rows.flatMap(({ both }) => both.flat()));
  const scale = logScale(Math.min(...all) / 1.2, Math.max(...all) * 1.2);
  const line = (shade: string, [p50, p99]: Range, y: number) => {
    const [from, to] = [scale.at(p50), scale.at(p99)].map((x) => (LEFT + x).toFixed(1));
    return `<line class="mark ${shade}" x1="${from}" x2="${to}" y1="${y}" y2="${y}"/><circle class="${shade}" cx="${from}" cy="${y}" r="3.5"/>`;
  };
  return Object.entries(spans).map(([title, rows]) => ({
    title,
    rows: rows.map(({ name, both: [first, second] }) => ({
      name,
      drawn: line("second", second, 4) + line("first", first, -4),
    })),
    behind: axisOf(scale, rows.length * STEP, show),
  }));
}

function axisOf(scale: LogScale, height: number, show: Show): string {
  const ticks = scale.ticks.map((tick) => {
    const x = (LEFT + scale.at(tick)).toFixed(1);
    const [from, to] = [HEAD - 6, HEAD + height - 4];
    return `<line class="axis" x1="${x}" x2="${x}" y1="${from}" y2="${to}"/><text class="note" x="${x}" y="${to + 12}" text-anchor="middle">${show(tick)}</text>`;
  });
  return ticks.join("");
}

export type Range = readonly [p50: number, p99: number];

type Show = (value: number) => string;

/** An SVG that follows the reader's colours. */
export function sheet(label: string, panels: readonly Panel[], legend: Legend | undefined, note: string): string {
  const drawn: string[] = [];
  let top = legend ? 26 : 0;
  if (legend) drawn.push(legendOf(legend));
  for (const panel of panels) {
    drawn.push(`  <g transform="translate(0 ${top})">${drawPanel(panel)}\n  </g>`);
    top += HEAD + panel.rows.length * STEP + FOOT;
  }
  const lines = note
    .split("\n")
    .map((line, index) => `  <text class="note" x="0" y="${top + 10 + index * 16}">${escape(line)}</text>`);
  const height = top + lines.length * 16 + 4;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(label)}">
  <style>${STYLE}
  </style>
${[...drawn, ...lines].join("\n")}
</svg>
`;
}

function drawPanel({ title, rows, behind = "" }: Panel): string {
  const lines = rows.map(({ name, drawn }, index) => {
    const middle = HEAD + index * STEP + BAR / 2;
    return `
    <g transform="translate(0 ${middle})"><text x="${LEFT - 10}" y="4.5" text-anchor="end">${escape(name)}</text>${drawn}</g>`;
  });
  return `\n    <text class="title" x="0" y="18">${escape(title)}</text>${behind}${lines.join("")}`;
}

const legendOf = ([first, second]: Legend) =>
  `  ${legendEntry("first", first, 0)}${legendEntry("second", second, WIDTH / 2)}`;

const legendEntry = (shade: string, text: string, x: number) =>
  `<rect class="bar ${shade}" x="${x}" y="4" width="12" height="12" rx="2"/><text x="${x + 18}" y="14.5">${escape(text)}</text>`;

function bar(shade: string, from: number, to: number): string {
  if (to - from < 0.05) return "";
  return `<rect class="bar ${shade}" x="${(LEFT + from).toFixed(1)}" y="${-BAR / 2}" width="${(to - from).toFixed(1)}" height="${BAR}"/>`;
}

const label = (end: number, text: string) => `<text x="${(LEFT + end + 8).toFixed(1)}" y="4.5">${escape(text)}</text>`;

interface LogScale {
  /** From the left end of the scale. */
  at(value: number): number;
  /** The powers of ten that are on it. */
  readonly ticks: readonly number[];
}

function logScale(least: number, most: number): LogScale {
  const [low, high] = [Math.log10(least), Math.log10(most)];
  const first = Math.ceil(low);
  return {
    at: (value) => ((Math.log10(value) - low) / (high - low)) * PLOT,
    ticks: Array.from({ length: Math.floor(high) - first + 1 }, (_, index) => 10 ** (first + index)),
  };
}

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
