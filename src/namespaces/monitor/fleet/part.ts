import type { Clock } from "../../../clock.ts";
import type { Logger } from "../../../logger.ts";
import type { Sample, Worker } from "../sample.ts";
import { createSampler, every, INTERVAL_MS, type Meter } from "../sampler.ts";
import type { Member } from "./index.ts";
import type { Rows } from "./rows.ts";

export interface PartOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly member: Member;
  /** Of all workers of the host; its own is put in here. */
  readonly rows: Rows;
  /** Tells the host's others this worker's row. */
  tell(row: Worker): void;
  /** Stands for sampler of the host, from now until it is closed. */
  stand(turn: { gained(): void; lost(): void }): { readonly token: string | undefined; close(): Promise<void> };
  /** Tells everybody of a sample, where it is still this worker's turn. */
  publish(sample: Sample, token: string): void;
}

/** A worker's part in the samples of its host, for as long as that is watched: its own row, and all of it while it is its turn. */
export function takePart({ clock, logger, member, rows, tell, stand, publish }: PartOptions): () => Promise<void> {
  const meter = member.openWorker();
  const beat = () => {
    const row = meter.read();
    rows.set(row);
    tell(row);
  };
  // Half a second before the first sample could be taken, so that it has everybody's row.
  let stopTelling = clock.after(INTERVAL_MS / 2, () => {
    stopTelling = every(clock, INTERVAL_MS, beat);
    beat();
  });

  async function openMeter(): Promise<Meter> {
    const { host } = member;
    const hostMeter = await member.openHost();
    return {
      async read() {
        const at = clock.now();
        return { host, at, ...(await hostMeter.read()), workers: rows.fresh() };
      },
      close() {},
    };
  }
  const sampler = createSampler({
    clock,
    logger,
    open: openMeter,
    publish(sample) {
      const { token } = standing;
      if (token !== undefined) publish(sample, token);
    },
  });
  const standing = stand({ gained: () => sampler.start(), lost: () => sampler.stop() });

  return async () => {
    stopTelling();
    meter.close();
    sampler.stop();
    await standing.close();
  };
}
