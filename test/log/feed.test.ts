import { expect } from "chai";
import type { Log } from "../../src/log/index.ts";
import { memoryLog } from "../../src/log/memory.ts";
import { fakeClock } from "../kit/clock.ts";
import { eventually, turns } from "../kit/wait.ts";
import { FakeConnection, fakeFeeds, FakeSocket, join } from "./fake-socket.ts";
import { newLog, replaceableLog, send, sendLarge, sendMany } from "./hearer.ts";
import { seqsOf, upTo } from "./suite/scene.ts";

/** Of what may wait while a batch is written, and of the batch, each with the entry that fills it. */
const AHEAD_BYTES = 2 * (64 * 1024 + 5_000);

/** A log that counts what is asked of it. */
function counting(log: Log) {
  const counts = { reads: 0, listening: 0, opened: 0 };
  const counted: Log = {
    ...log,
    read: (...args) => (counts.reads++, log.read(...args)),
    async subscribe(...args) {
      const stop = await log.subscribe(...args);
      counts.listening++;
      counts.opened++;
      return () => {
        counts.listening--;
        stop();
      };
    },
  };
  return { log: counted, counts };
}

describe("feeds", () => {
  it("let a socket that is level into the live feed in the turn in which it follows", async () => {
    const log = newLog();
    await sendMany(log, 3);
    const { feeds } = fakeFeeds(log);
    const socket = new FakeSocket();
    const attendance = await feeds.attend("topic", socket);
    const { epoch } = await log.head("topic");
    expect(attendance.cursor).to.include({ epoch, seq: 3 });
    expect(socket.level).to.equal(false);
    socket.expectAfter(attendance.cursor);
    attendance.follow(attendance.cursor);
    expect(socket.level).to.equal(true);
    await send(log);
    expect(seqsOf(socket.entries)).to.deep.equal([4]);
    feeds.close();
  });

  it("send nothing between attending and following, and then all of it", async () => {
    const log = newLog();
    const { feeds, broken } = fakeFeeds(log);
    const socket = new FakeSocket();
    const { cursor, follow } = await feeds.attend("topic", socket);
    await sendMany(log, 5);
    expect(socket.entries).to.deep.equal([]);
    socket.expectAfter(cursor);
    follow(cursor);
    await sendMany(log, 5);
    await eventually(() => socket.level);
    await send(log);
    expect(broken).to.deep.equal([]);
    expect(seqsOf(socket.entries)).to.deep.equal(upTo(11));
    feeds.close();
  });

  it("bring a socket that is far behind level while more and more comes", async () => {
    const log = newLog();
    await sendMany(log, 450);
    const { feeds, broken } = fakeFeeds(log);
    const socket = new FakeSocket();
    await join(feeds, socket, 20);
    for (const _ of upTo(200)) {
      await send(log);
      await turns(1);
    }
    await eventually(() => socket.level);
    expect(broken).to.deep.equal([]);
    expect(seqsOf(socket.entries)).to.deep.equal(upTo(650, 21));
    feeds.close();
  });

  it("never send much ahead of what a connection has taken, and read no further meanwhile", async () => {
    const { log, counts } = counting(newLog());
    await sendLarge(log, 200);
    const { feeds } = fakeFeeds(log);
    const socket = new FakeSocket();
    socket.connection.pause();
    await join(feeds, socket, 0);
    await eventually(() => socket.entries.length > 0);
    const { reads } = counts;
    await turns();
    expect(counts.reads).to.equal(reads);
    expect(socket.entries.length).to.be.within(15, 35);
    socket.connection.resume();
    await eventually(() => socket.level);
    expect(seqsOf(socket.entries)).to.deep.equal(upTo(200));
    expect(socket.connection.mostAhead).to.be.below(AHEAD_BYTES);
    feeds.close();
  });

  it("send no more ahead for all the topics that a connection catches up with", async () => {
    const log = newLog();
    const { feeds } = fakeFeeds(log);
    const connection = new FakeConnection();
    const sockets = upTo(30).map(() => new FakeSocket(connection));
    for (const [index, socket] of sockets.entries()) {
      await sendLarge(log, 40, `topic-${index}`);
      await join(feeds, socket, 0, `topic-${index}`);
      expect(connection.waiting).to.be.at.most(1);
    }
    await eventually(() => sockets.every(({ level }) => level));
    for (const { entries } of sockets) expect(seqsOf(entries)).to.deep.equal(upTo(40));
    expect(connection.mostAhead).to.be.below(AHEAD_BYTES);
    feeds.close();
  });

  it("get there though other traffic never lets the connection rest", async () => {
    const log = newLog();
    await sendLarge(log, 100);
    const { feeds } = fakeFeeds(log);
    const socket = new FakeSocket();
    // As engine.io does: whatever has gathered is written before anybody else hears that the transport is ready.
    socket.connection.transport.on("ready", () => socket.connection.write(1_000));
    await join(feeds, socket, 0);
    await eventually(() => socket.level);
    expect(seqsOf(socket.entries)).to.deep.equal(upTo(100));
    feeds.close();
    socket.connection.pause();
  });

  for (const told of [true, false]) {
    const how = told ? "of which an entry tells" : "of which nobody has told the watch";
    it(`tell a socket that catches up of a new epoch ${how}: a reset to its beginning, then all of it`, async () => {
      const log = replaceableLog(newLog());
      await sendLarge(log, 300);
      const { feeds, broken } = fakeFeeds(log);
      const [behind, level] = [new FakeSocket(), new FakeSocket()];
      await join(feeds, level);
      behind.connection.pause();
      await join(feeds, behind, 0);
      await eventually(() => behind.entries.length > 0);

      const next = newLog();
      await sendMany(next, 10);
      log.replace(next);
      if (told) await send(log);
      behind.connection.resume();
      const { epoch, head } = await next.head("topic");
      await eventually(() => behind.level && level.entries.length === head);
      for (const socket of [behind, level]) {
        expect(socket.resets).to.deep.equal([{ epoch, seq: 0 }]);
        expect(seqsOf(socket.entries).slice(-head)).to.deep.equal(upTo(head));
      }
      expect(broken).to.deep.equal([]);
      feeds.close();
    });
  }

  it("tell a socket that reads more slowly than the log forgets where it goes on", async () => {
    const log = memoryLog({ clock: fakeClock(), size: 300, ttlSec: 60 });
    await sendLarge(log, 300);
    const { feeds, broken } = fakeFeeds(log);
    const socket = new FakeSocket();
    socket.connection.pause();
    await join(feeds, socket, 0);
    await eventually(() => socket.entries.length > 0);
    const taken = socket.entries.length;
    await sendMany(log, 400);
    socket.connection.resume();
    await eventually(() => socket.level);
    expect(socket.resets.map(({ seq }) => seq)).to.deep.equal([400]);
    expect(seqsOf(socket.entries)).to.deep.equal([...upTo(taken), ...upTo(700, 401)]);
    expect(broken).to.deep.equal([]);
    feeds.close();
  });

  it("listen to a topic once, for as long as anybody attends it", async () => {
    const { log, counts } = counting(newLog());
    const { feeds } = fakeFeeds(log);
    const sockets = upTo(5).map(() => new FakeSocket());
    await Promise.all(sockets.map((socket) => join(feeds, socket)));
    expect({ ...counts, size: feeds.size }).to.include({ opened: 1, listening: 1, size: 1 });
    const [first, ...others] = sockets as [FakeSocket, ...FakeSocket[]];
    for (const socket of others) feeds.leave("topic", socket);
    await send(log);
    expect(first.entries).to.have.length(1);
    expect(others.flatMap(({ entries }) => entries)).to.deep.equal([]);
    feeds.leave("topic", first);
    await eventually(() => counts.listening === 0);
    expect(feeds.size).to.equal(0);
  });

  it("end everybody's listening when they are closed", async () => {
    const { log, counts } = counting(newLog());
    const { feeds } = fakeFeeds(log);
    const sockets = upTo(3).map(() => new FakeSocket());
    for (const [index, socket] of sockets.entries()) await join(feeds, socket, undefined, `topic-${index % 2}`);
    feeds.close();
    await eventually(() => counts.listening === 0);
    expect(feeds.size).to.equal(0);
    expect(sockets.some(({ level }) => level)).to.equal(false);
  });
});
