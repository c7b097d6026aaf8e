import type { HostView } from "../../index.ts";

export type Sample = HostView["samples"][number];
export type Worker = Sample["workers"][number];

/** How far back the charts go. */
export const WINDOW_SEC = 300;

/** Samples further apart than so many intervals are parted by a gap. */
const GAP_INTERVALS = 2.5;

/** What is drawn of a sample. A host's workers are drawn as their worst: which of them it is stands in the table. */
const COLUMNS = {
  cpu: ({ cpu }) => cpu.percent,
  memory: ({ memory }) => memory.usedBytes,
  received: ({ network }) => network?.rxBytesPerSec,
  sent: ({ network }) => network?.txBytesPerSec,
  lagP50: ({ workers }) => worst(workers, ({ eventLoopLagMs }) => eventLoopLagMs.p50),
  lagP99: ({ workers }) => worst(workers, ({ eventLoopLagMs }) => eventLoopLagMs.p99),
  lagMax: ({ workers }) => worst(workers, ({ eventLoopLagMs }) => eventLoopLagMs.max),
} as const satisfies Record<string, (sample: Sample) => number | undefined>;

export type Column = keyof typeof COLUMNS;
const NAMES = Object.keys(COLUMNS) as Column[];

/** One host's samples as columns, for charts: the same arrays all the time, to which is added at one end and taken from at the other. */
export interface Series {
  /** Epoch seconds. */
  readonly time: readonly number[];
  /** `null`: nothing was measured. */
  readonly columns: Readonly<Record<Column, readonly (number | null)[]>>;
  /** Brings them up to date. @returns whether anything has changed */
  take(samples: readonly Sample[], intervalMs: number): boolean;
}

export function createSeries(): Series {
  const time: number[] = [];
  const columns = Object.fromEntries(NAMES.map((name) => [name, []])) as unknown as Record<Column, (number | null)[]>;
  /** `at` of the newest sample that is in them. */
  let newestAt = -Infinity;

  function push(sec: number, sample: Sample | null): void {
    time.push(sec);
    for (const name of NAMES) columns[name].push((sample && COLUMNS[name](sample)) ?? null);
  }

  function drop(count: number): void {
    time.splice(0, count);
    for (const name of NAMES) columns[name].splice(0, count);
  }

  return {
    time,
    columns,
    take(samples, intervalMs) {
      const last = samples.at(-1);
      if (!last || last.at === newestAt) return false;
      const known = samples.findLastIndex(({ at }) => at <= newestAt);
      // What is given does not go on where this ends: after a long absence, or because the host's clock was set back.
      if (samples[known]?.at !== newestAt) drop(time.length);
      for (const sample of samples.slice(time.length === 0 ? 0 : known + 1)) {
        const sec = sample.at / 1000;
        const before = time.at(-1);
        const isGap = before !== undefined && (sec - before) * 1000 > intervalMs * GAP_INTERVALS;
        if (isGap) push((before + sec) / 2, null);
        push(sec, sample);
      }
      newestAt = last.at;
      const oldest = newestAt / 1000 - WINDOW_SEC;
      const first = time.findIndex((sec) => sec >= oldest);
      if (first > 0) drop(first);
      return true;
    },
  };
}

function worst(workers: readonly Worker[], of: (worker: Worker) => number): number | undefined {
  let most: number | undefined;
  for (const worker of workers) most = Math.max(most ?? 0, of(worker));
  return most;
}
