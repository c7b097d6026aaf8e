import * as figure from "../workloads/figures.ts";
import type { Measured, Results } from "./results.ts";
import { styleOf } from "./style.ts";
import { byRound, digits, type Spread, spreadOf } from "./summary.ts";

/** What the picture shows, from top to bottom. */
const PANELS = [
  { workload: "fanout-steady", title: "One message a turn to a room of 1000" },
  { workload: "fanout-burst", title: "Bursts of 8 messages to a room of 500" },
] as const;

/** Who is in it: the techniques one by one are for the tables. */
const NAMES: Readonly<Record<string, string>> = {
  carillon: "Carillon",
  stock: "Socket.IO",
  ws: "ws",
  uws: "uWebSockets.js",
  nchan: "nchan",
};

const WIDTH = 720;
const LEFT = 130;
const RIGHT = 70;
const BAR = 18;
const STEP = 28;
const HEAD = 40;
const LINE = 15;

const STYLE = styleOf(
  `
    .bar { fill: #afb8c1; }
    .own { fill: #0969da; }
    .spread { stroke: #1f2328; stroke-width: 1; }`,
  `
      .bar { fill: #565e67; }
      .own { fill: #4493f8; }
      .spread { stroke: #e6edf3; }`,
);

interface Bar {
  readonly key: string;
  readonly spread: Spread;
}

/** CPU per delivery by peer, as an SVG that follows the reader's colours; nothing where there is nothing to show. */
export function picture(results: Results): string | undefined {
  let top = 0;
  const panels: string[] = [];
  for (const { workload, title } of PANELS) {
    const measured = results[workload];
    const bars = measured ? barsOf(measured) : [];
    if (!measured || bars.length === 0) continue;
    panels.push(panel(bars, title, notesOf(measured), top));
    top += HEAD + bars.length * STEP + 30 + LINE;
  }
  if (panels.length === 0) return undefined;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img" aria-label="CPU per delivery by server">
  <style>${STYLE}
  </style>
${panels.join("\n")}
</svg>
`;
}

function barsOf({ contenders, samples }: Measured): Bar[] {
  const bars = contenders.flatMap(({ key }) => {
    const spread = key in NAMES ? spreadOf([...byRound(samples, key, figure.CPU_PER_DELIVERY).values()]) : undefined;
    return spread ? [{ key, spread }] : [];
  });
  return bars.toSorted((a, b) => a.spread.median - b.spread.median);
}

function panel(bars: readonly Bar[], title: string, notes: readonly string[], top: number): string {
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(...bars.map(({ spread }) => spread.max));
  const rows = bars.map(({ key, spread }, index) => {
    const y = top + HEAD + index * STEP;
    const middle = y + BAR / 2;
    const [from, to] = [LEFT + spread.min * scale, LEFT + spread.max * scale].map((x) => x.toFixed(1));
    return `  <text x="${LEFT - 10}" y="${middle + 4.5}" text-anchor="end"${key === "carillon" ? ' class="title"' : ""}>${NAMES[key]}</text>
  <rect class="${key === "carillon" ? "bar own" : "bar"}" x="${LEFT}" y="${y}" width="${(spread.median * scale).toFixed(1)}" height="${BAR}" rx="2"/>
  <line class="spread" x1="${from}" x2="${to}" y1="${middle}" y2="${middle}"/>
  <text x="${Number(to) + 8}" y="${middle + 4.5}">${digits(spread.median)} µs</text>`;
  });
  const below = top + HEAD + bars.length * STEP + 8;
  return [
    `  <text class="title" x="0" y="${top + 20}">${title}: CPU per delivery</text>`,
    ...rows,
    ...notes.map((note, line) => `  <text class="note" x="0" y="${below + line * LINE}">${note}</text>`),
  ].join("\n");
}

/** What the figures were made by, in lines that fit. */
function notesOf({ command, date, environment, contenders, samples }: Measured): string[] {
  const rounds = Math.max(...contenders.map(({ key }) => byRound(samples, key, figure.CPU_PER_DELIVERY).size));
  const { commit, node, cpu } = environment;
  const notes = [
    `Median and range of ${rounds} rounds · ${command}`,
    `${date.slice(0, 10)} · ${commit} · Node ${node} · ${cpu}`,
  ];
  return notes.map((note) => note.replaceAll("&", "&amp;").replaceAll("<", "&lt;"));
}
