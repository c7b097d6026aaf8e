import { useEffect, useRef, useState } from "preact/hooks";
import { type Connection, type HostView, monitor, type Watch } from "../../index.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { Alerts } from "./alerts.tsx";
import { count } from "./format.ts";
import { useFramed } from "./frame.ts";
import { HostCard } from "./host.tsx";
import "./monitor.css";
import { Refused } from "./refused.tsx";
import { readTheme, type Theme } from "./theme.ts";
import { Workers } from "./workers.tsx";

/** Hosts and workers as they are now. They are watched for as long as this is shown. */
export function MonitorView({ connection }: { connection: Connection }) {
  const [watch, setWatch] = useState<Watch>();
  useEffect(() => {
    const own = connection.use(monitor).watch();
    setWatch(own);
    return () => own.stop();
  }, [connection]);
  return (
    <section class="monitor" aria-labelledby="monitor-title">
      {watch && <Watched watch={watch} retry={() => connection.use(monitor).channel.reconnect()} />}
    </section>
  );
}

function Watched({ watch, retry }: { watch: Watch; retry: () => void }) {
  const { status, failure, hosts, alerts, intervalMs } = useFramed(watch);
  const content = useRef<HTMLDivElement>(null);
  const theme = useTheme(content);
  return (
    <>
      <header class="monitor-head">
        <h1 id="monitor-title">Monitor</h1>
        {hosts.length > 0 && status !== "refused" && <Summary hosts={hosts} />}
      </header>
      {/* Whoever has no pointer scrolls it by its focus. */}
      <div class="monitor-content" ref={content} tabIndex={0} role="region" aria-label="Hosts, alerts and workers">
        {status === "refused" ? (
          <Refused failure={failure} retry={retry} />
        ) : hosts.length === 0 ? (
          <EmptyState
            icon="monitor"
            title={status === "live" ? "No host is there yet" : "Waiting for the first samples"}
          />
        ) : (
          <>
            <Alerts alerts={alerts} />
            {hosts.map((view) => (
              <HostCard key={view.host} view={view} intervalMs={intervalMs} theme={theme} />
            ))}
            <Workers hosts={hosts} />
          </>
        )}
      </div>
    </>
  );
}

/** All of it in one line. */
function Summary({ hosts }: { hosts: readonly HostView[] }) {
  const present = hosts.filter(({ hasLeft }) => !hasLeft);
  const workers = present.flatMap(({ samples }) => samples.at(-1)?.workers ?? []);
  const sockets = workers.reduce(
    (sum, worker) => sum + worker.sockets.chat + worker.sockets.notify + worker.sockets.monitor,
    0,
  );
  return (
    <p class="monitor-summary">
      {counted(present.length, "host")} · {counted(workers.length, "worker")} · {counted(sockets, "socket")}
    </p>
  );
}

const counted = (value: number, noun: string) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

function useTheme(element: { readonly current: HTMLElement | null }): Theme | undefined {
  const [theme, setTheme] = useState<Theme>();
  useEffect(() => {
    if (!element.current) return;
    const own = readTheme(element.current);
    setTheme(own);
    return () => own.stop();
  }, []);
  return theme;
}
