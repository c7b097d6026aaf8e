import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import type { Sample } from "./sample.ts";

/** How often a watched host is sampled. */
export const INTERVAL_MS = 1000;

/** What reads the numbers. Opening it takes the first readings that rates and percentages are counted from. */
export interface Meter {
  read(): Promise<Sample>;
  close(): void;
}

export interface SamplerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly open: () => Promise<Meter>;
  readonly publish: (sample: Sample) => void;
}

/** Takes a sample each second between `start` and `stop`, and none outside. Both may be called again and again. */
export interface Sampler {
  start(): void;
  /** Nothing is published after it, not even a sample that was being taken. */
  stop(): void;
}

/** A second without a sample stays without one: nothing is repeated, made up, or taken twice to catch up. */
export function createSampler(options: SamplerOptions): Sampler {
  let end: (() => void) | undefined;
  return {
    start() {
      end ??= begin(options);
    },
    stop() {
      end?.();
      end = undefined;
    },
  };
}

/** One run from start to stop. Each has its own meter: whatever a run that was stopped still waits for ends with it. */
function begin({ clock, logger, open, publish }: SamplerOptions): () => void {
  let meter: Meter | undefined;
  let stopped = false;
  let busy = false;
  // Only the beginning of a streak is logged, or a broken host would fill the log once a second.
  let failing = false;
  let late = false;

  const attempt = async () => {
    if (!meter) {
      meter = await open();
      return;
    }
    const sample = await meter.read();
    if (stopped) return;
    publish(sample);
    failing = false;
  };
  const turn = async () => {
    if (busy) {
      if (!late) logger.warn({ intervalMs: INTERVAL_MS }, "a sample takes longer than the interval; some are left out");
      late = true;
      return;
    }
    busy = true;
    try {
      await attempt();
    } catch (error) {
      if (!failing) logger.warn({ err: error }, "no sample could be taken");
      failing = true;
    } finally {
      busy = false;
      if (stopped) meter?.close();
    }
  };

  void turn();
  const cancel = every(clock, INTERVAL_MS, () => void turn());
  return () => {
    stopped = true;
    cancel();
    if (!busy) meter?.close();
  };
}

/** Keeps to the beat rather than to the distance, so that 300 samples are 300 s; after a jump of the clock a new beat begins. */
export function every(clock: Clock, intervalMs: number, act: () => void): () => void {
  let dueAt = clock.now();
  let cancel: () => void;
  const wait = () => {
    const now = clock.now();
    dueAt += intervalMs;
    if (dueAt <= now || dueAt > now + intervalMs) dueAt = now + intervalMs;
    cancel = clock.after(dueAt - now, () => {
      wait();
      act();
    });
  };
  wait();
  return () => cancel();
}
