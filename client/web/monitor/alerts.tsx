import type { MonitorSnapshot } from "../../index.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { bytes, ms, percent, timeOfDay } from "./format.ts";

type Alert = MonitorSnapshot["alerts"][number];

/** What can be watched, in words, and how its values are written. One that is not known here is shown as it is called. */
const METRICS: ReadonlyMap<string, readonly [name: string, format: (value: number) => string]> = new Map([
  ["cpu.percent", ["CPU", percent]],
  ["memory.usedPercent", ["Memory", percent]],
  ["disk.usedPercent", ["Disk", percent]],
  ["worker.cpuPercent", ["CPU of a worker", percent]],
  ["worker.rssBytes", ["Memory of a worker", bytes]],
  ["worker.eventLoopLagMs.p99", ["Event-loop lag", ms]],
]);

const LEVELS = {
  critical: { word: "Critical", icon: "alert-octagon" },
  warning: { word: "Warning", icon: "alert-triangle" },
} as const satisfies Record<Alert["level"], { word: string; icon: IconName }>;

/** The worst first, and of these the newest, as they come. */
function inOrder(alerts: readonly Alert[]): readonly Alert[] {
  const isWarning = ({ level }: Alert) => Number(level === "warning");
  return alerts.toSorted((one, other) => isWarning(one) - isWarning(other));
}

/** The alerts that stand now. */
export function Alerts({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <section class="alerts" aria-labelledby="alerts">
      <h2 id="alerts">Alerts</h2>
      <div aria-live="polite">
        {alerts.length === 0 ? (
          <p class="alerts-none">
            <Icon name="check-circle" size={16} />
            None: all is within its limits.
          </p>
        ) : (
          <ul>
            {inOrder(alerts).map((alert) => (
              <AlertItem key={alert.id} alert={alert} />
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function AlertItem({ alert: { level, metric, host, value, threshold, at } }: { alert: Alert }) {
  const { word, icon } = LEVELS[level];
  const [name, format] = METRICS.get(metric) ?? [metric, String];
  return (
    <li class={`alert is-${level}`}>
      <span class="alert-level">
        <Icon name={icon} size={16} />
        {word}
      </span>
      <span class="alert-what">
        {name} on <bdi>{host}</bdi>
      </span>
      <span class="alert-value">
        {format(value)} <span class="alert-limit">limit {format(threshold)}</span>
      </span>
      <time dateTime={new Date(at).toISOString()}>since {timeOfDay(at)}</time>
    </li>
  );
}
