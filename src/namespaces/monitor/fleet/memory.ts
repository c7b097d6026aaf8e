import type { Clock } from "../../../clock.ts";
import type { Logger } from "../../../logger.ts";
import { createSampler, type Meter } from "../sampler.ts";
import { covers, type Fleet, type Member } from "./index.ts";

/** One host with one worker: this process. */
export function memoryFleet({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }): Fleet {
  async function openMeter({ host, openHost, openWorker }: Member): Promise<Meter> {
    const hostMeter = await openHost();
    const workerMeter = openWorker();
    return {
      async read() {
        const at = clock.now();
        return { host, at, ...(await hostMeter.read()), workers: [workerMeter.read()] };
      },
      close: () => workerMeter.close(),
    };
  }

  return {
    join(member) {
      const { host } = member;
      let sampling = false;
      const sampler = createSampler({
        clock,
        logger,
        open: () => openMeter(member),
        publish: (sample) => member.reported(member.report(sample)),
      });
      return {
        recalled: Promise.resolve(),
        want(wanted) {
          if (sampling === covers(wanted, host)) return;
          sampling = !sampling;
          if (sampling) {
            sampler.start();
            member.joined(host);
          } else {
            sampler.stop();
            member.left(host, false);
          }
        },
        close: () => sampler.stop(),
      };
    },
  };
}
