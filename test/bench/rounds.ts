import type { Sample } from "./measure.ts";
import { onStage, peerOf } from "./stage.ts";
import type { Contender, Figures, Outcome, Pace, Workload } from "./workloads/workload.ts";

export interface RoundsOptions {
  readonly rounds: number;
  readonly pace: Pace;
  readonly pinned: boolean;
  /** How often a run that is void is done again, each time. */
  readonly repeats: number;
  /** Told of each sample as it is there, void or not. */
  told(sample: Sample): void;
}

export interface Rounds {
  readonly samples: readonly Sample[];
  /** Contenders that cannot run here. */
  readonly skipped: readonly { readonly key: string; readonly why: string }[];
}

/**
 * Runs a workload on its contenders in turn, over and over (A B C, A B C, …), so that whatever the machine goes through meanwhile
 * touches all of them. A run that is void is done again at once, and where that is void as well, it stays so.
 */
export async function runRounds(workload: Workload, options: RoundsOptions): Promise<Rounds> {
  const { present, skipped } = await whoCanRun(workload.contenders);
  const samples: Sample[] = [];
  const keep = (sample: Sample) => {
    samples.push(sample);
    options.told(sample);
    return sample.void === undefined;
  };
  for (let round = 1; round <= options.rounds; round++) {
    for (const contender of present) {
      for (let left = options.repeats; !keep(await runOnce(workload, contender, round, options)) && left > 0; left--);
    }
  }
  if (workload.countsJson)
    for (const contender of present) keep(await runOnce(workload, contender, COUNTING_ROUND, options));
  return { samples, skipped };
}

/** The number of the round in which JSON operations are counted. */
export const COUNTING_ROUND = 0;

async function whoCanRun(
  contenders: readonly Contender[],
): Promise<{ present: Contender[]; skipped: Rounds["skipped"] }> {
  const looked = await Promise.all(
    contenders.map(async (contender) => ({ contender, why: await peerOf(contender).missing?.() })),
  );
  return {
    present: looked.filter(({ why }) => why === undefined).map(({ contender }) => contender),
    skipped: looked.flatMap(({ contender: { key }, why }) => (why === undefined ? [] : [{ key, why }])),
  };
}

async function runOnce(
  workload: Workload,
  contender: Contender,
  round: number,
  { pace, pinned }: RoundsOptions,
): Promise<Sample> {
  const countsJson = round === COUNTING_ROUND;
  const run = onStage(workload, contender, { pace, pinned, countsJson }, (stage) => workload.run(stage));
  // One that fails must not take with it what hours have measured.
  const { figures, void: why } = await run.catch((error: unknown): Outcome => {
    return { figures: {}, void: `it failed: ${error instanceof Error ? error.message : String(error)}` };
  });
  return {
    peer: contender.key,
    workload: workload.name,
    round,
    figures: finite(figures),
    ...(why !== undefined && { void: why }),
  };
}

/** Six digits of each, and without what was divided by nothing. */
function finite(figures: Figures): Figures {
  const rounded = Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(6))] as const);
  return Object.fromEntries(rounded.filter(([, value]) => Number.isFinite(value)));
}
