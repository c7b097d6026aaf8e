import type { Worker } from "../sample.ts";

/** A worker that has said nothing for so long is left out. Above a beat and what a stall may add to it. */
const FRESH_MS = 2_000;

/** What the workers of one host have last said of themselves. */
export interface Rows {
  set(row: Worker): void;
  delete(id: string): void;
  /** Of those who are there, in the order of their ids. */
  fresh(): Worker[];
}

/** By time that only ever grows, whatever the wall clock does. */
export function createRows(monotonic: () => number = () => performance.now()): Rows {
  const rows = new Map<string, { readonly row: Worker; readonly heardAt: number }>();
  return {
    set: (row) => void rows.set(row.id, { row, heardAt: monotonic() }),
    delete: (id) => void rows.delete(id),
    fresh() {
      const since = monotonic() - FRESH_MS;
      for (const [id, { heardAt }] of rows) if (heardAt < since) rows.delete(id);
      return [...rows.values()].map(({ row }) => row).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    },
  };
}
