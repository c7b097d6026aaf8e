import { monitorEventLoopDelay } from "node:perf_hooks";
import { nowUs } from "./clock.ts";

/** How often the loop is looked at; what the histogram holds is this and how much later it was. */
const RESOLUTION_MS = 10;

export interface Strain {
  /** Busy part of a core, 1 being all of it. */
  readonly busy: number;
  readonly loopP99Ms: number;
}

/** Measures how hard this process works, until what it returns is called. */
export function measureStrain(): () => Strain {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const before = process.cpuUsage();
  const startedUs = nowUs();
  delay.enable();
  return () => {
    delay.disable();
    const { user, system } = process.cpuUsage(before);
    return {
      busy: (user + system) / (nowUs() - startedUs),
      loopP99Ms: Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS),
    };
  };
}
