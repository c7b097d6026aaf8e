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
  /** Prometheus's text format. */
  text(): Promise<string>;
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
  gauge("sockets", "Sockets connected now, by namespace.", ["namespace"], (it) => {
    for (const namespace of namespaces) it.set({ namespace }, sockets(namespace));
  });
  gauge("rooms", "Rooms that somebody attends now.", [], (it) => it.set(rooms()));

  return {
    served: (request, code) => requests.inc({ request, code }),
    refused: (code) => refusals.inc({ code }),
    closing: (code) => closes.inc({ code }),
    slow: () => slowCloses.inc(),
    duplicate: () => duplicates.inc(),
    reset: () => resets.inc(),
    delivered: () => receipts.inc({ valid: "true" }),
    badReceipt: () => receipts.inc({ valid: "false" }),
    text: () => registry.metrics(),
  };
}
