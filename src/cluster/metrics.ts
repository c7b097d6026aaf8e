import { AggregatorRegistry } from "prom-client";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Metric, Metrics } from "../metrics.ts";
import type { RedisLink } from "../redis/link.ts";
import { readScript } from "../redis/script.ts";

const EXCHANGE = readScript(import.meta.url, "lua/metrics.lua");

/** How often a worker leaves what it has measured. */
const LEAVE_MS = 5_000;

/** So long the others go on showing it: a worker that is killed takes its sockets with it after that. */
const STAY_MS = 15_000;

/** So long totals outlive the last worker, and it is known what a worker has added to them. */
const KEEP_MS = 86_400_000;

export interface ClusterMetricsOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This worker's boot id. */
  readonly worker: string;
  readonly own: Pick<Metrics, "json">;
}

/** What a worker leaves for the others. */
type Sheet = readonly Metric[];

/**
 * The metrics of all workers, whichever answers. Counters are totals in Redis, to which each worker adds: they outlive it, so that
 * they never go down while Redis holds. Gauges are summed over the workers there are. What Node tells of a process makes no sense as
 * a sum: each worker has its own, by the label `worker`, for as long as it is there.
 */
export class ClusterMetrics {
  readonly #options: ClusterMetricsOptions;
  readonly #keys: readonly string[];
  #stopTimer: () => void = () => {};
  #closed = false;

  constructor(options: ClusterMetricsOptions) {
    const { link, worker } = options;
    const key = link.keys("metrics");
    this.#options = options;
    this.#keys = [
      key("metrics", "totals"),
      key("metrics", "seen"),
      key("metrics", "sheets"),
      key("metrics", "of", worker),
    ];
    void link.ready.then(() => this.#leaveRegularly());
  }

  /**
   * Prometheus's text. Other workers' figures are up to five seconds old, this worker's are not. While Redis is out they are this
   * worker's alone, and `carillon_cluster_complete` is 0.
   */
  async text(): Promise<string> {
    const own = await this.#measure();
    try {
      return await render(await this.#exchange(own));
    } catch (error) {
      this.#options.logger.debug({ err: error }, "the metrics are of one worker only");
      return render({ sheets: [own], totals: countsOf(own), isComplete: false });
    }
  }

  /** Leaves the last counts behind, and takes everything else away. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopTimer();
    await this.#leave({ isGone: true });
  }

  async #leaveRegularly(): Promise<void> {
    if (this.#closed) return;
    await this.#leave({ isGone: false });
    if (!this.#closed) this.#stopTimer = this.#options.clock.after(LEAVE_MS, () => void this.#leaveRegularly());
  }

  /** Never rejects: what Redis does not get now, it gets the next time. */
  async #leave({ isGone }: { isGone: boolean }): Promise<void> {
    try {
      await this.#tell(await this.#measure(), { isGone, isAsking: false });
    } catch (error) {
      this.#options.logger.debug({ err: error }, "the metrics were not left for the other workers");
    }
  }

  /** This worker's own figures, with its name where they cannot be summed. */
  async #measure(): Promise<Sheet> {
    const { own, worker } = this.#options;
    const metrics = await own.json();
    return metrics.map((metric) => (isOurs(metric) ? metric : ofWorker(metric, worker)));
  }

  async #exchange(own: Sheet): Promise<Whole> {
    const answer = await this.#tell(own, { isGone: false, isAsking: true });
    const [flat, sheets] = answer as [string[], string[]];
    const totals = new Map<string, number>();
    for (let at = 0; at + 1 < flat.length; at += 2) totals.set(flat[at] ?? "", Number(flat[at + 1]));
    return { totals, sheets: sheets.map((sheet) => JSON.parse(sheet) as Sheet), isComplete: true };
  }

  #tell(own: Sheet, { isGone, isAsking }: { isGone: boolean; isAsking: boolean }): Promise<unknown> {
    const { link, worker } = this.#options;
    const sheet = isGone
      ? ""
      : JSON.stringify(own.map((metric) => (isCounted(metric) ? { ...metric, values: [] } : metric)));
    const counts = [...countsOf(own)].flat();
    return link.script(EXCHANGE, this.#keys, [worker, sheet, STAY_MS, KEEP_MS, isAsking ? 1 : 0, ...counts]);
  }
}

/** What `/metrics` is made of. */
interface Whole {
  readonly sheets: readonly Sheet[];
  /** Of the metrics that are counted, by series. */
  readonly totals: ReadonlyMap<string, number>;
  readonly isComplete: boolean;
}

const isOurs = ({ name }: Metric) => name.startsWith("carillon_");

/** Whether it only ever grows, and is the cluster's rather than a process's. */
const isCounted = (metric: Metric) => isOurs(metric) && metric.type !== "gauge";

/** `first` because there is one of each; prom-client would leave some out. */
const ofWorker = (metric: Metric, worker: string): Metric => ({
  ...metric,
  aggregator: "first",
  values: metric.values.map((value) => ({ ...value, labels: { ...value.labels, worker } })),
});

type Series = readonly [metric: string, name: string | null, labels: readonly (readonly [string, string | number])[]];

/** What has been counted, by series: the metric, the name of the value where it has one of its own, and its labels. */
function countsOf(sheet: Sheet): Map<string, number> {
  const counts = new Map<string, number>();
  for (const metric of sheet.filter(isCounted)) {
    for (const { metricName = null, labels, value } of metric.values) {
      const series: Series = [metric.name, metricName, Object.entries(labels)];
      counts.set(JSON.stringify(series), value);
    }
  }
  return counts;
}

function render({ sheets, totals, isComplete }: Whole): Promise<string> {
  const counted = new Map<string, Metric & { values: Metric["values"][number][] }>();
  for (const metric of sheets.flat().filter(isCounted)) counted.set(metric.name, { ...metric, values: [] });
  for (const [series, value] of totals) {
    const [name, metricName, labels] = JSON.parse(series) as Series;
    // One of a release that no worker runs any more is not shown.
    counted
      .get(name)
      ?.values.push({ value, labels: Object.fromEntries(labels), ...(metricName !== null && { metricName }) });
  }
  const others = sheets.map((sheet) => sheet.filter((metric) => !isCounted(metric)));
  const ofCluster = [
    gauge(
      "carillon_cluster_complete",
      "Whether these are the figures of all workers, not of one alone.",
      isComplete ? 1 : 0,
    ),
    gauge("carillon_workers", "Workers whose figures these are.", sheets.length),
  ];
  return AggregatorRegistry.aggregate([...others, [...counted.values()], ofCluster]).metrics();
}

const gauge = (name: string, help: string, value: number): Metric => ({
  name,
  help,
  type: "gauge",
  aggregator: "sum",
  values: [{ value, labels: {} }],
});
