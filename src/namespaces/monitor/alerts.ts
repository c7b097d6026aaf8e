import type { Alert, Sample, Worker } from "./sample.ts";

const FOR_SAMPLES = 6;
/** An alert clears this far below what raised it, so that a value that sways around the threshold raises it once. */
const CLEAR_RATIO = 0.9;
/** Samples further apart are not consecutive: in between, nobody watched. Shorter gaps come with the very load that is to be told. */
const MAX_GAP_MS = 10_000;

/** What a rule can be about. Of several workers the worst counts: an alert is about a host. */
const METRICS = {
  "cpu.percent": ({ cpu }) => cpu.percent,
  "memory.usedPercent": ({ memory }) => memory.usedPercent,
  "disk.usedPercent": ({ disk }) => disk?.usedPercent,
  "worker.cpuPercent": ({ workers }) => worst(workers, ({ cpuPercent }) => cpuPercent),
  "worker.rssBytes": ({ workers }) => worst(workers, ({ rssBytes }) => rssBytes),
  "worker.eventLoopLagMs.p99": ({ workers }) => worst(workers, ({ eventLoopLagMs }) => eventLoopLagMs.p99),
} as const satisfies Record<string, (sample: Sample) => number | undefined>;

/** When a metric is worth an alert. Thresholds are in the metric's own unit, and reached counts as over. */
export interface AlertRule {
  readonly metric: keyof typeof METRICS;
  readonly warning: number;
  readonly critical: number;
  /** The alert clears below this, and not before; 90 % of `warning` unless told. */
  readonly clearBelow?: number;
  /** For so many samples in a row it must be over (or below), before it counts; 6 unless told. */
  readonly forSamples?: number;
}

/** What holds where nobody says otherwise. */
export const DEFAULT_ALERT_RULES: readonly AlertRule[] = [
  { metric: "cpu.percent", warning: 85, critical: 95 },
  { metric: "memory.usedPercent", warning: 85, critical: 95 },
  { metric: "worker.eventLoopLagMs.p99", warning: 100, critical: 500 },
];

/** What the sockets of `/monitor` are to be told. */
export interface AlertChange {
  readonly event: "alert:raised" | "alert:cleared";
  readonly alert: Alert;
}

/**
 * Watches samples for what is out of order. It knows no more than it is shown: while nothing is sampled, an alert that stands
 * neither clears nor grows, and what happens then raises nothing.
 */
export interface Alerts {
  /** To be shown every sample once, in order. Tells what changed by it. */
  observe(sample: Sample): AlertChange[];
  /** The alerts that stand, each as it was last raised. */
  standing(): Alert[];
}

/** What was observed before, by whoever did it. */
export interface Observed {
  readonly samples: readonly Sample[];
  /** The alerts that stood after them. They count, whatever could be told from the samples alone: an alert may be older. */
  readonly standing: readonly Alert[];
}

/** How one rule stands on one host. */
interface Standing {
  /** When the metric was last seen; epoch milliseconds. */
  seenAt: number;
  /** Samples in a row, up to the last one. */
  streak: { warning: number; critical: number; clear: number };
  alert?: Alert;
}

const NO_STREAK = { warning: 0, critical: 0, clear: 0 };

/** One rule for a metric: an alert is known by its host, its metric, and when it began. */
export function createAlerts(rules: readonly AlertRule[] = DEFAULT_ALERT_RULES, before?: Observed): Alerts {
  const hosts = new Map<string, Map<AlertRule, Standing>>();

  function standingsOf(host: string): Map<AlertRule, Standing> {
    const standings = hosts.get(host) ?? new Map<AlertRule, Standing>();
    hosts.set(host, standings);
    return standings;
  }

  function observe(sample: Sample): AlertChange[] {
    const standings = standingsOf(sample.host);
    return rules.flatMap((rule) => {
      const value = METRICS[rule.metric](sample);
      if (value === undefined) return [];
      const standing = standings.get(rule) ?? { seenAt: sample.at, streak: NO_STREAK };
      standings.set(rule, standing);
      return step(standing, rule, value, sample);
    });
  }

  for (const sample of before?.samples ?? []) observe(sample);
  if (before) for (const standings of hosts.values()) for (const standing of standings.values()) delete standing.alert;
  for (const alert of before?.standing ?? []) {
    const standings = standingsOf(alert.host);
    for (const rule of rules.filter(({ metric }) => metric === alert.metric))
      standings.set(rule, { seenAt: alert.at, streak: NO_STREAK, ...standings.get(rule), alert });
  }

  return {
    observe,
    standing: () =>
      [...hosts.values()].flatMap((standings) => [...standings.values()].flatMap(({ alert }) => alert ?? [])),
  };
}

/** A critical alert stays critical until it clears: stepping down to a warning would be news that asks nobody to act. */
function step(standing: Standing, rule: AlertRule, value: number, { host, at }: Sample): AlertChange[] {
  const { metric, warning, critical, clearBelow = warning * CLEAR_RATIO, forSamples = FOR_SAMPLES } = rule;
  const before = at - standing.seenAt > MAX_GAP_MS ? NO_STREAK : standing.streak;
  const streak = {
    warning: value >= warning ? before.warning + 1 : 0,
    critical: value >= critical ? before.critical + 1 : 0,
    clear: value < clearBelow ? before.clear + 1 : 0,
  };
  standing.seenAt = at;
  standing.streak = streak;

  const { alert } = standing;
  const raise = (level: Alert["level"], threshold: number): AlertChange[] => {
    const id = alert?.id ?? `${host}/${metric}/${at}`;
    standing.alert = { id, host, metric, level, value, threshold, at };
    return [{ event: "alert:raised", alert: standing.alert }];
  };
  if (alert?.level !== "critical" && streak.critical >= forSamples) return raise("critical", critical);
  if (!alert && streak.warning >= forSamples) return raise("warning", warning);
  if (!alert || streak.clear < forSamples) return [];
  delete standing.alert;
  return [{ event: "alert:cleared", alert: { ...alert, value, threshold: clearBelow, at } }];
}

function worst(workers: readonly Worker[], of: (worker: Worker) => number): number | undefined {
  return workers.length === 0 ? undefined : Math.max(...workers.map(of));
}
