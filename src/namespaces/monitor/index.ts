import { hostname } from "node:os";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import type { Activity } from "../../runtime/activity.ts";
import type { ContractSocket } from "../../runtime/caller.ts";
import { implement, ReplyThen, type Running } from "../../runtime/implement.ts";
import { type AlertChange, type Alerts, type AlertRule, createAlerts } from "./alerts.ts";
import { createAudience } from "./audience.ts";
import { type Board, createBoard } from "./board.ts";
import { monitor } from "./contract.ts";
import type { Fleet, Report } from "./fleet/index.ts";
import { memoryFleet } from "./fleet/memory.ts";
import { describeHost, type HostFacts, openHostMeter } from "./host.ts";
import type { Sample } from "./sample.ts";
import { INTERVAL_MS } from "./sampler.ts";
import { openWorkerMeter } from "./worker.ts";

export { DEFAULT_ALERT_RULES, type AlertRule } from "./alerts.ts";

/** What `/monitor` needs of the rest of the house. */
export interface MonitorContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly activity: Activity;
  /** This worker's boot id. */
  readonly worker: string;
  /** The hosts and workers that are seen as one; this process alone unless told. */
  readonly fleet?: Fleet;
  /** What raises alerts; `DEFAULT_ALERT_RULES` unless told. */
  readonly alertRules?: readonly AlertRule[];
  /** The name of this host; the operating system's unless told. */
  readonly host?: string;
}

/** Shows the hosts that serve, sampled once a second while somebody watches, and not at all while nobody does. */
export const monitorNamespace = implement(monitor, (context: MonitorContext, namespace): Running<typeof monitor> => {
  const { clock, activity, worker, host = hostname(), fleet = memoryFleet(context) } = context;
  const facts = describeHost();
  const board = createBoard();
  const audience = createAudience(namespace);
  // Each worker hears of everything by itself, and tells its own sockets.
  const tellAll = (changes: readonly AlertChange[]) => {
    for (const { event, alert } of changes) namespace.local.emit(event, alert);
  };
  board.list(host, facts);

  const membership = fleet.join({
    host,
    openHost: () => openHostMeter(facts),
    openWorker: () => openWorkerMeter(worker, activity),
    report: createReports(board, facts, context),
    reported(report) {
      const changes = board.take(report);
      audience.tell(report.sample);
      tellAll(changes);
    },
    joined: (joined) => void namespace.local.emit("host:joined", { host: joined }),
    left(left, gone) {
      namespace.local.emit("host:left", { host: left });
      if (!gone) return;
      // Nobody could clear them any more.
      const at = clock.now();
      tellAll(board.forget(left).map((alert) => ({ event: "alert:cleared", alert: { ...alert, at } })));
    },
  });
  const dismiss = (socket: ContractSocket<typeof monitor>) => {
    audience.dismiss(socket);
    membership.want(audience.wanted);
  };

  return {
    handlers: {
      "metrics:watch": async ({ hosts }, { socket }) => {
        const enter = audience.admit(socket, hosts);
        membership.want(audience.wanted);
        await membership.recalled;
        // A sample may come between this snapshot and the turn of the ack. `since` gives exactly those, and from the same turn on the
        // room gives the later ones: neither gap nor overlap, however long the reply is on its way.
        const { hosts: shown, since } = board.show(hosts ? new Set(hosts) : "all", clock.now());
        return new ReplyThen({ intervalMs: INTERVAL_MS, hosts: shown }, () => enter(since()));
      },
      "metrics:unwatch": (_input, { socket }) => {
        dismiss(socket);
        return {};
      },
      "alert:list": () => ({ alerts: board.standing() }),
    },
    disconnected: dismiss,
    close: () => membership.close(),
  };
});

/** Makes reports of samples. Where another worker has sampled in between, it goes on from where that one stood. */
function createReports(
  board: Board,
  facts: HostFacts,
  { alertRules, clock }: Pick<MonitorContext, "alertRules" | "clock">,
): (sample: Sample) => Report {
  let alerts: Alerts | undefined;
  let lastAt: number | undefined;
  return (sample) => {
    if (!alerts || board.lastAt(sample.host) !== lastAt)
      alerts = createAlerts(alertRules, board.observed(sample.host, clock.now()));
    const changes = alerts.observe(sample);
    lastAt = sample.at;
    const cleared = changes.flatMap(({ event, alert }) => (event === "alert:cleared" ? [alert] : []));
    return { sample, facts, standing: alerts.standing(), cleared };
  };
}
