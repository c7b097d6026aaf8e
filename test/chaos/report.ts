import type { Crowd } from "./crowd.ts";
import type { Struck } from "./faults.ts";
import type { Records } from "./records.ts";
import type { Settled } from "./settle.ts";
import { type Verdict, verify } from "./verify.ts";

export interface Report {
  /** How often each fault was struck. */
  readonly faults: ReadonlyMap<string, number>;
  readonly sent: number;
  readonly attempts: number;
  readonly acknowledged: number;
  /** Of those: stored by an earlier try whose answer was lost. */
  readonly duplicates: number;
  /** Answers other than `ok`, by code; `nothing` is none at all. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly heard: number;
  readonly reconnects: number;
  readonly resets: number;
  /** Joins that could not go on where the connection before had ended. */
  readonly restarts: number;
  /** From the end of the last fault until everybody had everything. */
  readonly settledMs: number;
  readonly records: Records;
  readonly verdict: Verdict;
  /** What is wrong beside what was delivered: a worker that died by itself, an answer that nobody should get. */
  readonly failures: readonly string[];
}

export function reportOf(
  { senders, receivers }: Crowd,
  struck: Struck,
  settled: Settled,
  failures: readonly string[],
): Report {
  const acknowledged = senders.flatMap((sender) => sender.acknowledged);
  const memberships = receivers.flatMap((receiver) => receiver.memberships);
  const records = { acknowledged, memberships, logs: settled.logs, losses: struck.losses };
  const refusals = new Map<string, number>();
  for (const sender of senders)
    for (const [code, count] of sender.refusals) refusals.set(code, (refusals.get(code) ?? 0) + count);
  return {
    faults: struck.counts,
    sent: total(senders, ({ sent }) => sent),
    attempts: total(senders, ({ attempts }) => attempts),
    acknowledged: acknowledged.length,
    duplicates: acknowledged.filter(({ duplicate }) => duplicate).length,
    refusals,
    heard: total(receivers, (receiver) => receiver.heardCount()),
    reconnects: total(receivers, ({ connections }) => connections - 1),
    resets: total(receivers, ({ resets }) => resets),
    restarts: total(receivers, ({ restarts }) => restarts),
    settledMs: settled.tookMs,
    records,
    verdict: verify(records),
    failures: [...failures, ...needlessRefusals(refusals, struck)],
  };
}

/** `too_late` says that the log which may have held the message is lost: only a loss excuses it. */
const needlessRefusals = (refusals: ReadonlyMap<string, number>, { losses }: Struck): string[] =>
  losses.length === 0 && refusals.has("too_late") ? ["messages were too late although nothing was lost"] : [];

export const total = <T>(items: readonly T[], count: (item: T) => number) =>
  items.reduce((sum, item) => sum + count(item), 0);
