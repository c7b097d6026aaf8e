import { hostname } from "node:os";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import type { Activity } from "../../runtime/activity.ts";
import type { ContractSocket } from "../../runtime/caller.ts";
import { implement, ReplyThen, type Running } from "../../runtime/implement.ts";
import { createAlerts, type AlertRule } from "./alerts.ts";
import { createAudience } from "./audience.ts";
import { monitor } from "./contract.ts";
import { describeHost, openHostMeter, type HostFacts } from "./host.ts";
import { createRing } from "./ring.ts";
import { createSampler, INTERVAL_MS, type Meter } from "./sampler.ts";
import { openWorkerMeter } from "./worker.ts";

export { DEFAULT_ALERT_RULES, type AlertRule } from "./alerts.ts";

/** What `/monitor` needs of the rest of the house. */
export interface MonitorContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly activity: Activity;
  /** This worker's boot id. */
  readonly worker: string;
  /** What raises alerts; `DEFAULT_ALERT_RULES` unless told. */
  readonly alertRules?: readonly AlertRule[];
  /** The name of this host; the operating system's unless told. */
  readonly host?: string;
}

/** Samples this host and this process once a second while somebody watches, and does nothing while nobody does. */
export const monitorNamespace = implement(monitor, (context: MonitorContext, namespace): Running<typeof monitor> => {
  const host = context.host ?? hostname();
  const facts = describeHost();
  const ring = createRing();
  const alerts = createAlerts(context.alertRules);
  const audience = createAudience(namespace);
  const sampler = createSampler({
    clock: context.clock,
    logger: context.logger,
    open: () => openMeter(context, host, facts),
    publish(sample) {
      ring.push(sample);
      audience.tell(sample);
      for (const { event, alert } of alerts.observe(sample)) namespace.emit(event, alert);
    },
  });

  let sampling = false;
  const settle = () => {
    if (sampling === audience.watches(host)) return;
    sampling = !sampling;
    if (sampling) sampler.start();
    else sampler.stop();
    namespace.emit(sampling ? "host:joined" : "host:left", { host });
  };
  const dismiss = (socket: ContractSocket<typeof monitor>) => {
    audience.dismiss(socket);
    settle();
  };

  return {
    handlers: {
      "metrics:watch": ({ hosts }, { socket }) => {
        const enter = audience.admit(socket, hosts);
        settle();
        const watched = hosts === undefined || hosts.includes(host);
        // A sample may be published between this snapshot and the turn of the ack. `since` gives exactly those, and from the same
        // turn on the room gives the later ones: neither gap nor overlap, however long the reply is on its way.
        const place = ring.count;
        const reply = {
          intervalMs: INTERVAL_MS,
          hosts: watched ? [{ host, ...facts, samples: ring.recent(context.clock.now()) }] : [],
        };
        return new ReplyThen(reply, () => enter(watched ? ring.since(place) : []));
      },
      "metrics:unwatch": (_input, { socket }) => {
        dismiss(socket);
        return {};
      },
      "alert:list": () => ({ alerts: alerts.standing() }),
    },
    disconnected: dismiss,
    close: () => sampler.stop(),
  };
});

async function openMeter({ clock, worker, activity }: MonitorContext, host: string, facts: HostFacts): Promise<Meter> {
  const hostMeter = await openHostMeter(facts);
  const workerMeter = openWorkerMeter(worker, activity);
  return {
    async read() {
      const at = clock.now();
      return { host, at, ...(await hostMeter.read()), workers: [workerMeter.read()] };
    },
    close: () => workerMeter.close(),
  };
}
