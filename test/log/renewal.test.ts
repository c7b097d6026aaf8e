import { expect } from "chai";
import type { Log, LogListener } from "../../src/log/index.ts";
import { watch } from "../../src/log/watch.ts";
import { eventually } from "../kit/wait.ts";
import { fakeFeeds, FakeSocket, join } from "./fake-socket.ts";
import { Hearer, newLog, send, sendLarge, sendMany } from "./hearer.ts";
import { seqsOf, upTo } from "./suite/scene.ts";

/** Makes a log begin a new epoch with what it has: somebody has seen more of it. @returns the epoch */
async function renew(log: Log): Promise<string> {
  const { epoch, head } = await log.head("topic");
  const renewed = await log.resume("topic", { epoch, seq: head + 1, id: "lost" });
  expect(renewed.head.epoch).not.to.equal(epoch);
  return renewed.head.epoch;
}

describe("when a log begins a new epoch with what it has", () => {
  it("a watch is reset to the same place, and hears nothing twice", async () => {
    const log = newLog();
    await sendMany(log, 5);
    const hearer = new Hearer();
    const watching = await watch(log, "topic", hearer);
    await sendMany(log, 5);
    const epoch = await renew(log);
    const { entry } = await send(log);
    await eventually(() => hearer.entries.length === 6);
    expect(hearer.resets).to.have.length(1);
    expect(hearer.resets[0]).to.include({ epoch, seq: 10 });
    expect(seqsOf(hearer.entries)).to.deep.equal(upTo(11, 6));
    expect(watching.cursor).to.deep.equal({ epoch, seq: 11, id: entry.id, at: entry.at });
    watching.close();
  });

  it("a watch that has seen what is lost makes it begin one, and goes on from where it parted", async () => {
    const log = newLog();
    await sendMany(log, 3);
    const { epoch: before } = await log.head("topic");
    const ahead: Log = { ...log, head: async () => ({ epoch: before, head: 8, lastAt: 0, id: "lost" }) };
    const hearer = new Hearer();
    const watching = await watch(ahead, "topic", hearer);
    await watching.check();
    const { epoch } = await log.head("topic");
    expect(epoch).not.to.equal(before);
    expect(hearer.resets).to.deep.equal([{ epoch, seq: 0 }]);
    expect(seqsOf(hearer.entries)).to.deep.equal([1, 2, 3]);
    watching.close();
  });

  it("sockets that are level and that catch up hear all the rest, once", async () => {
    const log = newLog();
    await sendLarge(log, 200);
    const { feeds, broken } = fakeFeeds(log);
    const [behind, level] = [new FakeSocket(), new FakeSocket()];
    await join(feeds, level);
    behind.connection.pause();
    await join(feeds, behind, 0);
    await eventually(() => behind.entries.length > 0);
    const taken = behind.entries.length;
    expect(taken).to.be.below(200);
    const epoch = await renew(log);
    await send(log);
    behind.connection.resume();
    await eventually(() => behind.level && level.entries.length === 1);
    expect(behind.resets).to.have.length(1);
    expect(behind.resets[0]).to.include({ epoch, seq: taken });
    expect(level.resets).to.have.length(1);
    expect(level.resets[0]).to.include({ epoch, seq: 200 });
    expect(seqsOf(behind.entries)).to.deep.equal(upTo(201));
    expect(seqsOf(level.entries)).to.deep.equal([201]);
    expect(broken).to.deep.equal([]);
    feeds.close();
  });
});

describe("a watch's repairs", () => {
  it("are told of once each, and only where something had been missed", async () => {
    const log = newLog();
    let deaf = false;
    const partly: Log = {
      ...log,
      subscribe: (topic, listener) =>
        log.subscribe(topic, { ...listener, entry: (entry) => void (deaf || listener.entry(entry)) }),
    };
    let repaired = 0;
    const hearer = Object.assign(new Hearer(), { repaired: () => void repaired++ });
    const watching = await watch(partly, "topic", hearer);
    await sendMany(log, 3);
    await watching.check();
    expect(repaired).to.equal(0);
    deaf = true;
    await sendMany(log, 450);
    await watching.check();
    expect(repaired).to.equal(1);
    await sendMany(log, 1);
    deaf = false;
    await send(log);
    await eventually(() => hearer.entries.length === 455);
    expect(repaired).to.equal(2);
    watching.close();
  });

  it("are made when it is told that something may have been missed", async () => {
    const log = newLog();
    const listeners: LogListener[] = [];
    const deaf: Log = {
      ...log,
      async subscribe(_, listener) {
        listeners.push(listener);
        return () => {};
      },
    };
    const hearer = new Hearer();
    const watching = await watch(deaf, "topic", hearer);
    await sendMany(log, 3);
    for (const listener of listeners) await listener.missed();
    expect(seqsOf(hearer.entries)).to.deep.equal([1, 2, 3]);
    watching.close();
  });

  it("end where the log is another one each time, and begin again with the next check", async () => {
    const log = newLog();
    await sendMany(log, 3);
    let resumptions = 0;
    let isSound = false;
    const restless: Log = {
      ...log,
      resume: (topic, seen) => (resumptions++, log.resume(topic, seen)),
      async read(...args) {
        const span = await log.read(...args);
        return isSound ? span : { ...span, epoch: "another" };
      },
      subscribe: async () => () => {},
    };
    const hearer = new Hearer();
    const watching = await watch(restless, "topic", hearer);
    await sendMany(log, 3);
    await watching.check();
    expect(hearer.failures).to.have.length(1);
    expect(resumptions).to.be.below(10);
    isSound = true;
    await watching.check();
    expect(seqsOf(hearer.entries)).to.deep.equal([4, 5, 6]);
    watching.close();
  });
});
