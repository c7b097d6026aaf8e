import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import type { HostView } from "../../index.ts";
import { Chart, type Feed } from "./chart.tsx";
import { CHARTS } from "./charts.ts";
import { bytes, timeOfDay } from "./format.ts";
import { createSeries } from "./series.ts";
import type { Theme } from "./theme.ts";

export interface HostCardProps {
  readonly view: HostView;
  readonly intervalMs: number;
  readonly theme: Theme | undefined;
}

/** What there is to see of one host. */
export function HostCard({ view, intervalMs, theme }: HostCardProps) {
  const { host, memoryBytes, hasLeft } = view;
  const feed = useFeed(view, intervalMs);
  // The charts look after themselves: no sample is a reason to draw them as elements again.
  const charts = useMemo(
    () =>
      theme &&
      CHARTS.map((spec) => (
        <Chart key={spec.title} host={host} memoryBytes={memoryBytes} spec={spec} feed={feed} theme={theme} />
      )),
    [host, memoryBytes, feed, theme],
  );
  const id = useId();
  return (
    <section class={hasLeft ? "host has-left" : "host"} aria-labelledby={id}>
      <header class="host-head">
        <h2 id={id}>
          <bdi>{host}</bdi>
        </h2>
        <Facts view={view} />
        {hasLeft && <Left view={view} />}
      </header>
      <div class="host-charts">{charts}</div>
    </section>
  );
}

function Facts({ view: { os, cores, memoryBytes, samples } }: { view: HostView }) {
  const last = samples.at(-1);
  const workers = last?.workers.length ?? 0;
  return (
    <ul class="host-facts">
      <li>{os}</li>
      <li>{cores === 1 ? "1 core" : `${cores} cores`}</li>
      <li>{bytes(memoryBytes)} memory</li>
      {last && <li>load {last.cpu.load1.toFixed(2)}</li>}
      {last?.disk && <li>disk {Math.round(last.disk.usedPercent)} %</li>}
      {last && <li>{workers === 1 ? "1 worker" : `${workers} workers`}</li>}
    </ul>
  );
}

function Left({ view }: { view: HostView }) {
  const last = view.samples.at(-1);
  return <p class="host-left">Left{last && ` at ${timeOfDay(last.at)}`}</p>;
}

/** The host's samples as series that stay the same, told of whatever is new. */
function useFeed({ samples }: HostView, intervalMs: number): Feed {
  const hearers = useRef(new Set<() => void>()).current;
  const feed = useMemo<Feed>(
    () => ({
      series: createSeries(),
      onChange(hear) {
        hearers.add(hear);
        return () => void hearers.delete(hear);
      },
    }),
    [],
  );
  useEffect(() => {
    if (feed.series.take(samples, intervalMs)) for (const hear of hearers) hear();
  }, [samples, intervalMs]);
  return feed;
}
