import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { ChartSpec } from "./charts.ts";
import { short, timeOfDay } from "./format.ts";
import { type Series, WINDOW_SEC } from "./series.ts";
import type { Theme } from "./theme.ts";

/** All charts show the same moment under the pointer. */
const SYNC = uPlot.sync("monitor").key;

const AXIS = { time: 24, value: 56 } as const;
const TICK_PX = { time: 64, value: 28 } as const;

export interface PlotOptions {
  readonly spec: ChartSpec;
  readonly series: Series;
  readonly theme: Theme;
  readonly memoryBytes: number;
  /** The pointer is at this place of the series, or nowhere. */
  pointed(index: number | undefined): void;
}

/** One chart on its canvas. */
export interface Plot {
  /** The series has changed. */
  redraw(): void;
  /** The colours have. */
  recolor(): void;
  resize(width: number, height: number): void;
  close(): void;
}

/** Draws a chart into an element, as large as that is. */
export function openPlot(element: HTMLElement, options: PlotOptions): Plot {
  const { spec, series } = options;
  // uPlot only reads them: they are passed once, and change in place.
  const data = [series.time, ...spec.lines.map(({ column }) => series.columns[column])] as unknown as uPlot.AlignedData;
  const plot = new uPlot(
    { width: element.clientWidth, height: element.clientHeight, ...describe(options) },
    data,
    element,
  );
  return {
    redraw: () => plot.setData(data),
    recolor: () => plot.redraw(false),
    resize: (width, height) => plot.setSize({ width, height }),
    close: () => plot.destroy(),
  };
}

function describe({ spec, theme, memoryBytes, pointed }: PlotOptions): Omit<uPlot.Options, "width" | "height"> {
  const [single, ...others] = spec.lines;
  return {
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: {
      y: false,
      points: { size: 7, width: 0, fill: (_, index) => theme.color(spec.lines[index - 1]?.color ?? single.color) },
      drag: { x: false, y: false },
      sync: { key: SYNC, scales: ["x", null] },
    },
    scales: {
      x: { time: true, range: (_, _least, newest) => [newest - WINDOW_SEC, newest] },
      y: { range: (_, _least, most) => [0, spec.top(most ?? 0, memoryBytes)] },
    },
    axes: [axis(theme, "time", (_, splits) => splits.map((sec) => timeOfDay(sec * 1000)), [60, 120, 300]), valueAxis()],
    series: [
      {},
      ...spec.lines.map(({ color }): uPlot.Series => ({
        stroke: () => theme.color(color),
        ...(others.length === 0 && { fill: () => theme.color("fill") }),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: { setCursor: [({ cursor }) => pointed(cursor.idx ?? undefined)] },
  };

  function valueAxis(): uPlot.Axis {
    return axis(theme, "value", (_, splits) => splits.map((value) => short(spec.format(value))), spec.steps);
  }
}

function axis(theme: Theme, kind: keyof typeof AXIS, values: uPlot.Axis.DynamicValues, incrs?: number[]): uPlot.Axis {
  return {
    font: theme.font,
    size: AXIS[kind],
    gap: 6,
    space: TICK_PX[kind],
    stroke: () => theme.color("text"),
    grid: { stroke: () => theme.color("grid"), width: 1, show: kind === "value" },
    ticks: { show: false },
    values,
    ...(incrs && { incrs }),
  };
}
