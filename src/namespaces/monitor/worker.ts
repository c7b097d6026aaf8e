import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Activity } from "../../runtime/activity.ts";
import { toTenth, type Worker } from "./sample.ts";

/** How often the event loop is asked whether it is late. Finer would tell no more and wake an idle process more often. */
const RESOLUTION_MS = 10;

/** Reads this process again and again. Rates and lags are over the time since the reading before. */
export interface WorkerMeter {
  read(): Worker;
  close(): void;
}

/** `id` is this worker's boot id. Until it is closed, it wakes the process 100 times a second to measure the event loop. */
export function openWorkerMeter(id: string, activity: Activity): WorkerMeter {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // Rates are over monotonic time, whatever clock the samples carry: a step of the wall clock is no burst of events.
  const look = () => ({
    atMs: performance.now(),
    cpu: process.cpuUsage(),
    in: activity.events.in,
    out: activity.events.out,
  });
  let before = look();
  return {
    read() {
      const now = look();
      const elapsedMs = Math.max(1, now.atMs - before.atMs);
      const cpuMs = (now.cpu.user - before.cpu.user + now.cpu.system - before.cpu.system) / 1000;
      const perSec = (grown: number) => toTenth((grown / elapsedMs) * 1000);
      const eventsPerSec = { in: perSec(now.in - before.in), out: perSec(now.out - before.out) };
      before = now;

      const { rss, heapUsed } = process.memoryUsage();
      const eventLoopLagMs = {
        p50: toLagMs(delay.percentile(50)),
        p99: toLagMs(delay.percentile(99)),
        max: toLagMs(delay.max),
      };
      delay.reset();
      return {
        id,
        pid: process.pid,
        uptimeSec: Math.floor(process.uptime()),
        rssBytes: rss,
        heapUsedBytes: heapUsed,
        cpuPercent: toTenth((cpuMs / elapsedMs) * 100),
        eventLoopLagMs,
        sockets: {
          chat: activity.sockets("/chat"),
          monitor: activity.sockets("/monitor"),
          notify: activity.sockets("/notify"),
        },
        rooms: activity.rooms(),
        eventsPerSec,
      };
    },
    close: () => void delay.disable(),
  };
}

/** What is measured is the distance between two wake-ups; an idle loop keeps it at the resolution. */
function toLagMs(distanceNs: number): number {
  return toTenth(Math.max(0, distanceNs / 1e6 - RESOLUTION_MS));
}
