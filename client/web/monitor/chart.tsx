import { useEffect, useRef } from "preact/hooks";
import type { ChartLine, ChartSpec } from "./charts.ts";
import { preciseTimeOfDay } from "./format.ts";
import { inFrame, notInFrame } from "./frame.ts";
import { openPlot, type Plot } from "./plot.ts";
import type { Series } from "./series.ts";
import type { Theme } from "./theme.ts";
import { whenVisible } from "./visible.ts";

/** A host's series, and who wants to know when they change. */
export interface Feed {
  readonly series: Series;
  /** @returns what ends it */
  onChange(hear: () => void): () => void;
}

export interface ChartProps {
  readonly host: string;
  readonly memoryBytes: number;
  readonly spec: ChartSpec;
  readonly feed: Feed;
  readonly theme: Theme;
}

/**
 * A chart with its legend. Only what is on the screen is drawn, and at most once a picture: all that changes with every sample goes past Preact,
 * which draws this once.
 */
export function Chart(props: ChartProps) {
  const { spec } = props;
  const figure = useRef<HTMLElement>(null);
  useEffect(() => (figure.current ? draw(figure.current, props) : undefined), [props.theme, props.feed, spec]);
  return (
    <figure class="chart" ref={figure}>
      <figcaption>
        <span class="chart-title">{spec.title}</span>
        <time class="chart-time" />
        <span class="chart-legend">
          {spec.lines.map((line) => (
            <span class={`chart-key chart-${line.color}`} key={line.column}>
              {spec.lines.length > 1 && <span class="chart-label">{line.label}</span>}
              <data />
            </span>
          ))}
        </span>
      </figcaption>
      <div class="chart-plot" role="img" />
    </figure>
  );
}

function draw(figure: HTMLElement, { host, memoryBytes, spec, feed, theme }: ChartProps): () => void {
  const ground = figure.querySelector<HTMLElement>(".chart-plot");
  const time = figure.querySelector<HTMLElement>(".chart-time");
  const values = [...figure.querySelectorAll("data")];
  if (!ground || !time) return () => {};
  const { series } = feed;
  let plot: Plot | undefined;
  let isVisible = false;
  /** Where the pointer is. */
  let pointed: number | undefined;

  function tell(): void {
    const index = pointed ?? series.time.length - 1;
    for (const [place, line] of spec.lines.entries()) {
      const value = series.columns[line.column][index];
      const told = value === null || value === undefined ? "–" : spec.format(value);
      const element = values[place];
      if (element && element.textContent !== told) element.textContent = told;
    }
    const sec = pointed === undefined ? undefined : series.time[pointed];
    const at = sec === undefined ? "" : preciseTimeOfDay(sec * 1000);
    if (time && time.textContent !== at) time.textContent = at;
  }

  const show = () => {
    if (!ground) return;
    if (plot) plot.redraw();
    else if (series.time.length > 0)
      plot = openPlot(ground, {
        spec,
        series,
        theme,
        memoryBytes,
        pointed(index) {
          pointed = index;
          tell();
        },
      });
    ground.ariaLabel = describe(host, spec, series);
    tell();
  };
  const whenSeen = () => void (isVisible && inFrame(show));
  const size = new ResizeObserver(() => plot?.resize(ground.clientWidth, ground.clientHeight));
  size.observe(ground);
  const ends = [
    whenVisible(ground, (now) => {
      isVisible = now;
      whenSeen();
    }),
    feed.onChange(whenSeen),
    theme.onChange(() => plot?.recolor()),
    () => size.disconnect(),
    () => notInFrame(show),
    () => plot?.close(),
  ];
  ground.ariaLabel = describe(host, spec, series);
  tell();
  return () => {
    for (const end of ends) end();
  };
}

/** The chart in words. */
function describe(host: string, spec: ChartSpec, series: Series): string {
  const lines = spec.lines.map((line) => describeLine(line, spec, series));
  return `${spec.title} of ${host} over the last 5 minutes. ${lines.join(" ")}`;
}

function describeLine({ column, label }: ChartLine, { format }: ChartSpec, series: Series): string {
  let least = Infinity;
  let most = -Infinity;
  for (const value of series.columns[column]) {
    if (value === null) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (most === -Infinity) return `${label}: not measured.`;
  const now = series.columns[column].at(-1) ?? null;
  return `${label}: ${now === null ? "not measured now" : `now ${format(now)}`}, from ${format(least)} to ${format(most)}.`;
}
