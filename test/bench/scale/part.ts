import type { Figures } from "../workloads/workload.ts";

/** One thing that was measured. */
export interface Part {
  /** What was done, for who reads the figures. */
  readonly about: string;
  readonly figures: Figures;
  /** Why its times are not to be trusted; nothing where they are. */
  readonly disturbed?: string;
  /** What was to hold and did not; nothing where all is well. */
  readonly failed?: string;
}

/** A part, without what was divided by nothing, and with what there is to be said against it. */
export function partOf(
  about: string,
  figures: Figures,
  { disturbed, failed }: { disturbed?: string | undefined; failed?: string | undefined },
): Part {
  const finite = Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
  return {
    about,
    figures: finite,
    ...(disturbed !== undefined && { disturbed }),
    ...(failed !== undefined && { failed }),
  };
}
