import { expect } from "chai";
import type { Log, LogListener } from "../../src/log/index.ts";
import { type Watch, watch, type WatchListener } from "../../src/log/watch.ts";
import { seededRandom } from "../kit/random.ts";
import { eventually, turns } from "../kit/wait.ts";
import { Hearer, newLog, replaceableLog, send, sendMany } from "./hearer.ts";
import { lossyLog } from "./lossy.ts";
import { seqsOf, upTo } from "./suite/scene.ts";

describe("watching a log", () => {
  it("starts at the head, and tells of what comes after it in the turn in which it comes", async () => {
    const log = newLog();
    await sendMany(log, 3);
    const hearer = new Hearer();
    const watching = await watch(log, "topic", hearer);
    const { epoch } = await log.head("topic");
    expect(watching.cursor).to.include({ epoch, seq: 3 });
    expect(hearer.entries).to.deep.equal([]);
    const { entry } = await send(log);
    expect(hearer.entries).to.deep.equal([entry]);
    expect(watching.cursor).to.deep.equal({ epoch, seq: 4, id: entry.id, at: entry.at });
    watching.close();
  });

  it("drops what it has heard already, without asking the log", async () => {
    const log = newLog();
    let reads = 0;
    const listeners: LogListener[] = [];
    const doubling: Log = {
      ...log,
      read: (...args) => (reads++, log.read(...args)),
      subscribe: (topic, listener) => (listeners.push(listener), log.subscribe(topic, listener)),
    };
    const hearer = new Hearer();
    const watching = await watch(doubling, "topic", hearer);
    const { entry: first } = await send(log);
    const { entry: second } = await send(log);
    for (const entry of [second, first, second]) listeners.forEach((listener) => listener.entry(entry));
    expect(hearer.entries).to.deep.equal([first, second]);
    expect(reads).to.equal(0);
    watching.close();
  });

  it("tells of all in order and once, though the subscription loses, doubles, swaps and delays (400 seeds)", async () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = seededRandom(seed);
      const log = newLog();
      const lossy = lossyLog(log, random, seed % 2 ? 0 : 20);
      await sendMany(log, random.below(5));
      const { head: before } = await log.head("topic");
      const hearer = new Hearer();
      // Entries come while it opens, too.
      const opening = watch(lossy, "topic", hearer).catch(() => undefined);
      await sendMany(log, random.below(4));
      const watching = (await opening) ?? (await opened(lossy, hearer));
      const start = hearer.entries[0]?.seq ?? watching.cursor.seq + 1;
      for (let count = random.below(40); count > 0; count--) {
        await send(log);
        if (random.percent(30)) await turns(1);
        if (random.percent(5)) void watching.check();
      }
      await lossy.settled();
      lossy.heal();
      await watching.check();

      const { head } = await log.head("topic");
      expect(start, `seed ${seed}`).to.be.at.least(before + 1);
      expect(seqsOf(hearer.entries), `seed ${seed}`).to.deep.equal(upTo(head, start));
      expect(watching.cursor.seq, `seed ${seed}`).to.equal(head);
      expect(hearer.resets, `seed ${seed}`).to.deep.equal([]);
      watching.close();
      expect(lossy.listening, `seed ${seed}`).to.equal(0);
    }
  });

  it("misses nothing that is written while it opens", async () => {
    const log = newLog();
    const hearer = new Hearer();
    const opening: Log = {
      ...log,
      async head(topic) {
        await send(log);
        const head = await log.head(topic);
        await sendMany(log, 5);
        return head;
      },
    };
    const watching = await watch(opening, "topic", hearer);
    expect(seqsOf(hearer.entries)).to.deep.equal([2, 3, 4, 5, 6]);
    watching.close();
  });

  it("leaves nothing behind when it cannot open", async () => {
    const log = newLog();
    let listening = 0;
    const broken: Log = {
      ...log,
      async subscribe() {
        listening++;
        return () => void listening--;
      },
      head: async () => Promise.reject(new Error("the store is out")),
    };
    const outcome = await watch(broken, "topic", new Hearer()).catch((error: Error) => error.message);
    expect(outcome).to.equal("the store is out");
    expect(listening).to.equal(0);
  });

  it("finds a lost last entry when it is told to check", async () => {
    const log = newLog();
    const deaf: Log = { ...log, subscribe: async () => () => {} };
    const hearer = new Hearer();
    const watching = await watch(deaf, "topic", hearer);
    await sendMany(log, 450);
    expect(hearer.entries).to.deep.equal([]);
    await Promise.all([watching.check(), watching.check()]);
    expect(seqsOf(hearer.entries)).to.deep.equal(upTo(450));
    watching.close();
  });

  for (const how of ["an entry", "a check"]) {
    it(`tells of a new epoch by ${how}: a reset to its beginning, then all of it`, async () => {
      const log = replaceableLog(newLog());
      await sendMany(log, 10);
      const hearer = new Hearer();
      const watching = await watch(log, "topic", hearer);
      await sendMany(log, 2);
      const next = newLog();
      await sendMany(next, 20);
      log.replace(next);
      if (how === "an entry") await send(log);
      else await watching.check();
      const { epoch, head } = await next.head("topic");
      await eventually(() => watching.cursor.seq === head);

      expect(hearer.resets).to.deep.equal([{ epoch, seq: 0 }]);
      expect(seqsOf(hearer.entries)).to.deep.equal([11, 12, ...upTo(head)]);
      expect(hearer.entries.slice(2).every((entry) => entry.epoch === epoch)).to.equal(true);
      await send(log);
      expect(watching.cursor).to.include({ epoch, seq: head + 1 });
      watching.close();
    });
  }

  it("tells of a new epoch whose beginning is gone by one reset, to where it begins", async () => {
    const log = replaceableLog(newLog());
    const hearer = new Hearer();
    const watching = await watch(log, "topic", hearer);
    await sendMany(log, 3);
    const next = newLog(5);
    await sendMany(next, 20);
    log.replace(next);
    await watching.check();
    expect(hearer.resets).to.deep.equal([{ epoch: (await next.head("topic")).epoch, seq: 15 }]);
    expect(seqsOf(hearer.entries)).to.deep.equal([1, 2, 3, ...upTo(20, 16)]);
    watching.close();
  });

  it("is reset to where the log begins when it has fallen behind more than that keeps", async () => {
    const log = newLog(5);
    const deaf: Log = { ...log, subscribe: async () => () => {} };
    const hearer = new Hearer();
    const watching = await watch(deaf, "topic", hearer);
    await sendMany(log, 5);
    await watching.check();
    await sendMany(log, 7);
    await watching.check();
    const { epoch } = await log.head("topic");
    expect(hearer.resets).to.deep.equal([{ epoch, seq: 7 }]);
    expect(seqsOf(hearer.entries)).to.deep.equal([...upTo(5), ...upTo(12, 8)]);
    watching.close();
  });
});

/** Opening may meet the store's outages too; whoever wants to watch tries again. */
async function opened(log: Log, listener: WatchListener): Promise<Watch> {
  for (;;) {
    const watching = await watch(log, "topic", listener).catch(() => undefined);
    if (watching) return watching;
  }
}
