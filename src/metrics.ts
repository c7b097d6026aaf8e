import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { Activity } from "./runtime/activity.ts";

/** What is counted, in the words of those who count. Labels are names of the contracts and codes of the table, so they are few. */
export interface Metrics {
  /** A request was answered; `code` is `ok` or an error code. */
  served(request: string, code: string): void;
  /** A client was not let in. */
  refused(code: string): void;
  /** The server ended a connection, or a namespace of it. */
  closing(code: string): void;
  /** A connection was cut because it did not read. */
  slow(): void;
  /** A known id was answered with what was written first. */
  duplicate(): void;
  /** A log was found to have begun anew. */
  reset(): void;
  delivered(): void;
  badReceipt(): void;
  /** A watch found entries in the log that had not been published to it. */
  gapRepaired(): void;
  /** Something that is none of ours was published where workers talk to each other. */
  decodeError(): void;
  /** A command went to Redis. */
  roundTrip(): void;
  /** A command failed; by the first word of Redis's reply. */
  redisError(name: string): void;
  /** A request for another worker's session was handed on. */
  forwarded(by: string): void;
  notForwarded(why: string): void;
  /** A notification came in by Redis. */
  ingested(outcome: string): void;
  /** Prometheus's text format. */
  text(): Promise<string>;
  /** The same as objects, for whoever puts several workers together. */
  json(): Promise<Metric[]>;
}

/** A metric with its values, as prom-client has them. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  /** How values of several workers become one. */
  readonly aggregator: string;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number>>;
    /** Where a value is not called as its metric is: `…_bucket`, `…_sum`, `…_count`. */
    readonly metricName?: string;
  }[];
}

let ofProcess: Registry | undefined;

/** What every Node process tells of itself; once, because nothing ever takes its observers off again. */
function processMetrics(): Registry {
  if (!ofProcess) collectDefaultMetrics({ register: (ofProcess = new Registry()) });
  return ofProcess;
}

export function createMetrics(
  { sockets, rooms }: Pick<Activity, "sockets" | "rooms">,
  namespaces: readonly string[],
): Metrics {
  const registry = Registry.merge([processMetrics()]);
  const registers = [registry];
  const counter = <const L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `carillon_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: readonly string[], set: (gauge: Gauge) => void) => {
    const it: Gauge = new Gauge({ name: `carillon_${name}`, help, labelNames, registers, collect: () => set(it) });
  };

  const requests = counter("requests_total", "Requests answered, by name and code.", ["request", "code"]);
  const refusals = counter("refusals_total", "Clients not let in, by code.", ["code"]);
  const closes = counter("closes_total", "Namespaces closed by the server, by code.", ["code"]);
  const slowCloses = counter("slow_closes_total", "Connections cut because they did not read.");
  const duplicates = counter("duplicates_total", "Writes answered with what was written first.");
  const resets = counter("resets_total", "Listeners told that a log had begun anew.");
  const receipts = counter("receipts_total", "Answers of devices to notifications.", ["valid"]);
  const gaps = counter("gaps_repaired_total", "Gaps in what was published that were filled from the log.");
  const decodeErrors = counter("decode_errors_total", "Messages between workers that no worker has sent.");
  const roundTrips = counter("redis_round_trips_total", "Commands sent to Redis.");
  const redisErrors = counter("redis_errors_total", "Commands that Redis did not carry out, by its reply.", ["name"]);
  const forwards = counter("forwarded_total", "Requests handed to the worker that holds their session.", ["by"]);
  const strays = counter("not_forwarded_total", "Requests for sessions of nobody that could be reached.", ["why"]);
  const ingests = counter("ingested_total", "Notifications that came in by Redis, by outcome.", ["outcome"]);
  gauge("sockets", "Sockets connected now, by namespace.", ["namespace"], (it) => {
    for (const namespace of namespaces) it.set({ namespace }, sockets(namespace));
  });
  gauge("rooms", "Rooms that somebody attends now, once for each worker.", [], (it) => it.set(rooms()));

  /** Looked up by one text, at each request: prom-client would put its labels together anew. */
  const answered = new Map<string, { inc(): void }>();

  function served(request: string, code: string): void {
    const key = `${request} ${code}`;
    let counted = answered.get(key);
    if (!counted) answered.set(key, (counted = requests.labels(request, code)));
    counted.inc();
  }

  return {
    served,
    refused: (code) => refusals.inc({ code }),
    closing: (code) => closes.inc({ code }),
    slow: () => slowCloses.inc(),
    duplicate: () => duplicates.inc(),
    reset: () => resets.inc(),
    delivered: () => receipts.inc({ valid: "true" }),
    badReceipt: () => receipts.inc({ valid: "false" }),
    gapRepaired: () => gaps.inc(),
    decodeError: () => decodeErrors.inc(),
    roundTrip: () => roundTrips.inc(),
    redisError: (name) => redisErrors.inc({ name }),
    forwarded: (by) => forwards.inc({ by }),
    notForwarded: (why) => strays.inc({ why }),
    ingested: (outcome) => ingests.inc({ outcome }),
    text: () => registry.metrics(),
    // Its types take `type` for a number; at run time it is a word.
    json: async () => (await registry.getMetricsAsJSON()) as unknown as Metric[],
  };
}
