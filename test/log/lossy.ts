import type { Entry, Log, LogListener } from "../../src/log/index.ts";
import type { Random } from "../kit/random.ts";
import { turns } from "../kit/wait.ts";

export interface LossyLog extends Log {
  /** Subscriptions that have not ended. */
  readonly listening: number;
  /** From now on everything goes as it should. */
  heal(): void;
  /** Resolves when nothing is on its way any more. */
  settled(): Promise<void>;
}

/**
 * A log whose subscriptions lose, double, swap and delay entries, and whose answers take their time and sometimes fail: all by `random`,
 * so that a seed makes it do the same again.
 */
export function lossyLog(log: Log, random: Random, failing = 0): LossyLog {
  const underWay = new Set<Promise<void>>();
  let healthy = false;
  let listening = 0;

  function track(work: Promise<void>): void {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  }

  /** The answer is of some moment between the question and its coming back. */
  async function slowly<T>(ask: () => Promise<T>): Promise<T> {
    if (healthy) return ask();
    await turns(random.below(4));
    const answer = await ask();
    await turns(random.below(4));
    if (random.percent(failing)) throw new Error("the store is out");
    return answer;
  }

  function send(entry: Entry, listener: LogListener): void {
    if (healthy) return listener.entry(entry);
    if (random.percent(25)) return;
    for (let copies = random.percent(20) ? 2 : 1; copies > 0; copies--) {
      const late = random.percent(40) ? random.below(8) : 0;
      if (late === 0) listener.entry(entry);
      else track(turns(late).then(() => listener.entry(entry)));
    }
  }

  return {
    append: (topic, draft, guard) => log.append(topic, draft, guard),
    find: (topic, by, id) => log.find(topic, by, id),
    messages: (topic, range) => log.messages(topic, range),
    count: (topic, range) => log.count(topic, range),
    resume: (topic, seen) => slowly(() => log.resume(topic, seen)),
    head: (topic) => slowly(() => log.head(topic)),
    read: (topic, range) => slowly(() => log.read(topic, range)),
    async subscribe(topic, listener) {
      const stop = await log.subscribe(topic, { ...listener, entry: (entry) => send(entry, listener) });
      listening++;
      await turns(random.below(3));
      return () => {
        listening--;
        stop();
      };
    },
    get listening() {
      return listening;
    },
    heal() {
      healthy = true;
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
