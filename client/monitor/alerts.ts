import type { monitor } from "../../src/namespaces/monitor/contract.ts";
import { askWhenOpen } from "../ask.ts";
import type { Channel } from "../channel.ts";
import type { Alert } from "./index.ts";

/** The alerts that stand now, on any host. */
export interface Alerts {
  readonly all: ReadonlyMap<string, Alert>;
}

/** Keeps them as they are told. `changed` is called after each change, with its host where it is about one. */
export function followAlerts(channel: Channel<typeof monitor>, changed: (host?: string) => void): Alerts {
  const all = new Map<string, Alert>();
  /** What is told while the list of them is on its way: that may be older. */
  let meanwhile: (() => void)[] = [];

  const listing = askWhenOpen(channel, "alert:list", {
    input() {
      meanwhile = [];
      return {};
    },
    answered({ alerts }) {
      all.clear();
      for (const alert of alerts) all.set(alert.id, alert);
      for (const act of meanwhile.splice(0)) act();
    },
    changed: () => changed(),
  });

  function hear({ host }: Alert, act: () => void): void {
    if (listing.isPending) meanwhile.push(act);
    act();
    changed(host);
  }

  channel.on("alert:raised", (alert) => hear(alert, () => all.set(alert.id, alert)));
  channel.on("alert:cleared", (alert) => hear(alert, () => all.delete(alert.id)));
  return { all };
}
