import { expect } from "chai";
import type { Log, LogListener } from "../../src/log/index.ts";
import { type Watch, watch } from "../../src/log/watch.ts";
import { eventually, turns } from "../kit/wait.ts";
import { Hearer, newLog, send, sendMany } from "./hearer.ts";
import { hearing, seqsOf, upTo } from "./suite/scene.ts";

/** Watches a log that tells only of every second entry, and whose first reads fail: so many of them. */
async function startDeaf(failures: number) {
  const log = newLog();
  const state = { reads: 0 };
  const broken: Log = {
    ...log,
    subscribe: (topic, listener) =>
      log.subscribe(
        topic,
        hearing((entry) => void (entry.seq % 2 === 0 && listener.entry(entry))),
      ),
    async read(...args) {
      const fails = state.reads++ < failures;
      await turns(1);
      if (fails) throw new Error("the store is out");
      return log.read(...args);
    },
  };
  const hearer = new Hearer();
  const watching = await watch(broken, "topic", hearer);
  return { log, state, hearer, watching };
}

describe("a watch", () => {
  describe("when the log cannot be read", () => {
    for (const how of ["next entry", "next check"]) {
      it(`says so, and repairs itself at the ${how}`, async () => {
        const { log, hearer, watching } = await startDeaf(1);
        await sendMany(log, 2);
        await eventually(() => hearer.failures.length === 1);
        expect(hearer.entries).to.deep.equal([]);
        if (how === "next check") await watching.check();
        else await sendMany(log, 2);
        const { head } = await log.head("topic");
        await eventually(() => watching.cursor.seq === head);
        expect(seqsOf(hearer.entries)).to.deep.equal(upTo(head));
        expect(hearer.failures).to.have.length(1);
        watching.close();
      });
    }

    it("tries again for an entry that came during the failed attempt", async () => {
      const { log, state, hearer, watching } = await startDeaf(1);
      await sendMany(log, 2);
      expect(state.reads).to.equal(1);
      await sendMany(log, 2);
      await eventually(() => watching.cursor.seq === 4);
      expect(seqsOf(hearer.entries)).to.deep.equal(upTo(4));
      expect(hearer.failures).to.have.length(1);
      watching.close();
    });

    it("does not try by itself for as long as nothing comes", async () => {
      const { log, state, hearer, watching } = await startDeaf(2);
      await sendMany(log, 2);
      await eventually(() => hearer.failures.length === 1);
      await watching.check();
      expect({ reads: state.reads, failures: hearer.failures.length }).to.deep.equal({ reads: 2, failures: 2 });
      watching.close();
    });
  });

  describe("once it is closed", () => {
    it("tells of nothing that comes, late entries and checks included", async () => {
      const log = newLog();
      const listeners: LogListener[] = [];
      const late: Log = {
        ...log,
        async subscribe(_, listener) {
          listeners.push(listener);
          return () => {};
        },
      };
      const hearer = new Hearer();
      const watching = await watch(late, "topic", hearer);
      const { entry } = await send(log);
      watching.close();
      listeners.forEach((listener) => {
        listener.entry(entry);
        void listener.missed();
      });
      await watching.check();
      expect(hearer.entries).to.deep.equal([]);
    });

    for (const outcome of ["finds entries", "finds another epoch", "fails"]) {
      it(`tells of nothing when a read that was under way ${outcome}`, async () => {
        const log = newLog();
        const slow: Log = {
          ...log,
          async read(...args) {
            await turns(1);
            if (outcome === "fails") throw new Error("the store is out");
            const span = await log.read(...args);
            return outcome === "finds another epoch" ? { ...span, epoch: "another" } : span;
          },
          subscribe: async () => () => {},
        };
        const hearer = new Hearer();
        const watching = await watch(slow, "topic", hearer);
        await sendMany(log, 5);
        const checked = watching.check();
        watching.close();
        await checked;
        expect([hearer.entries, hearer.resets, hearer.failures]).to.deep.equal([[], [], []]);
      });
    }

    it("tells of no more of a page when the listener closes it in the middle", async () => {
      const log = newLog();
      const deaf: Log = { ...log, subscribe: async () => () => {} };
      const heard: number[] = [];
      const watching: Watch = await watch(deaf, "topic", {
        entry({ seq }) {
          heard.push(seq);
          if (seq === 3) watching.close();
        },
        reset: () => {},
        failed: () => {},
      });
      await sendMany(log, 10);
      await watching.check();
      expect(heard).to.deep.equal([1, 2, 3]);
    });
  });
});
