import { expect } from "chai";
import type { Log } from "../../src/log/index.ts";
import type { Attendance } from "../../src/runtime/feed.ts";
import { type Random, seededRandom } from "../kit/random.ts";
import { eventually, turns } from "../kit/wait.ts";
import { fakeFeeds, FakeSocket, join } from "./fake-socket.ts";
import { newLog, send, sendLarge, sendMany } from "./hearer.ts";
import { seqsOf, upTo } from "./suite/scene.ts";

/** A socket in the middle of catching up with 500 entries, and not reading. */
async function startBehind() {
  const log = newLog();
  await sendLarge(log, 500);
  const made = fakeFeeds(log);
  const socket = new FakeSocket();
  socket.connection.pause();
  await join(made.feeds, socket, 0);
  await eventually(() => socket.entries.length > 0);
  return { log, socket, ...made };
}

/** Reads again, and has to hear all up to the head. */
async function expectAll(log: Log, socket: FakeSocket, first = 1): Promise<void> {
  socket.connection.resume();
  await eventually(() => socket.level);
  await send(log);
  const { head } = await log.head("topic");
  expect(seqsOf(socket.entries)).to.deep.equal(upTo(head, first));
}

describe("attending a feed", () => {
  describe("again", () => {
    it("counts from the last time: what was sent for the time before stops, and nothing comes twice", async () => {
      const { log, socket, feeds, broken } = await startBehind();
      const { cursor, follow } = await feeds.attend("topic", socket);
      const before = socket.entries.length;
      socket.connection.resume();
      await sendMany(log, 3);
      await turns();
      expect(socket.entries).to.have.length(before);
      socket.entries.length = 0;
      socket.expectAfter({ ...cursor, seq: 400 });
      follow({ ...cursor, seq: 400 });
      await expectAll(log, socket, 401);
      expect(broken).to.deep.equal([]);
      feeds.close();
    });

    it("takes a level socket out of the live feed until it follows", async () => {
      const log = newLog();
      const { feeds } = fakeFeeds(log);
      const socket = new FakeSocket();
      await join(feeds, socket);
      const attending = feeds.attend("topic", socket);
      expect(socket.level).to.equal(false);
      await send(log);
      const { cursor, follow } = await attending;
      expect(socket.entries).to.deep.equal([]);
      expect(cursor.seq).to.equal(1);
      socket.expectAfter(cursor);
      follow(cursor);
      await send(log);
      expect(seqsOf(socket.entries)).to.deep.equal([2]);
      feeds.close();
    });

    it("takes no notice of the earlier attendance any more", async () => {
      const log = newLog();
      const { feeds } = fakeFeeds(log);
      const socket = new FakeSocket();
      const earlier = await feeds.attend("topic", socket);
      await join(feeds, socket);
      earlier.follow({ ...earlier.cursor, seq: 0 });
      earlier.cancel();
      await send(log);
      expect(seqsOf(socket.entries)).to.deep.equal([1]);
      feeds.close();
    });
  });

  describe("and taking it back", () => {
    it("leaves out who was not there before", async () => {
      const log = newLog();
      const { feeds } = fakeFeeds(log);
      const socket = new FakeSocket();
      const { cancel } = await feeds.attend("topic", socket);
      cancel();
      await send(log);
      expect(feeds.attends("topic", socket)).to.equal(false);
      expect({ size: feeds.size, entries: socket.entries }).to.deep.equal({ size: 0, entries: [] });
    });

    it("misses nothing for who was level, not even what came before the attending began", async () => {
      const log = newLog();
      const { feeds } = fakeFeeds(log);
      const socket = new FakeSocket();
      await join(feeds, socket);
      // In one turn, so that the entry comes while `attend` waits.
      const [{ cancel }] = await Promise.all([feeds.attend("topic", socket), send(log)]);
      await sendMany(log, 2);
      expect(socket.entries).to.deep.equal([]);
      cancel();
      await expectAll(log, socket);
      feeds.close();
    });

    it("goes on, without a double, for who was catching up", async () => {
      const { log, socket, feeds, broken } = await startBehind();
      const { cancel } = await feeds.attend("topic", socket);
      await sendMany(log, 5);
      cancel();
      await expectAll(log, socket);
      expect(broken).to.deep.equal([]);
      feeds.close();
    });

    it("goes on for who was told to follow only meanwhile", async () => {
      const log = newLog();
      await sendMany(log, 5);
      const { feeds } = fakeFeeds(log);
      for (const when of ["before", "after"] as const) {
        const socket = new FakeSocket();
        const earlier = await feeds.attend("topic", socket);
        const later = await feeds.attend("topic", socket);
        const position = { ...earlier.cursor, seq: 2 };
        socket.expectAfter(position);
        if (when === "before") earlier.follow(position);
        later.cancel();
        if (when === "after") earlier.follow(position);
        await expectAll(log, socket, 3);
      }
      feeds.close();
    });
  });

  describe("and ending it", () => {
    for (const how of ["leaves", "is gone"]) {
      it(`sends nothing more, and keeps nothing, when a socket ${how} in the middle of catching up`, async () => {
        const { log, socket, feeds, broken } = await startBehind();
        const heard = socket.entries.length;
        if (how === "is gone") {
          socket.connected = false;
          socket.connection.close();
        } else {
          feeds.leave("topic", socket);
          socket.connection.resume();
        }
        await eventually(() => feeds.size === 0);
        await sendMany(log, 3);
        await turns();
        expect(socket.entries).to.have.length(heard);
        expect(socket.connection.waiting).to.equal(0);
        expect(socket.connection.eventNames()).to.deep.equal([]);
        expect([broken, socket.failures]).to.deep.equal([[], []]);
      });
    }

    it("keeps nothing of a socket that was gone before it could follow", async () => {
      const { feeds } = fakeFeeds(newLog());
      const socket = new FakeSocket();
      const { cursor, follow } = await feeds.attend("topic", socket);
      socket.connected = false;
      follow(cursor);
      expect({ size: feeds.size, level: socket.level }).to.deep.equal({ size: 0, level: false });
    });

    it("begins anew when it comes again", async () => {
      const { log, socket, feeds } = await startBehind();
      feeds.leave("topic", socket);
      socket.entries.length = 0;
      await join(feeds, socket, 450);
      await expectAll(log, socket, 451);
      feeds.close();
    });
  });

  describe("when the log is out", () => {
    it("fails for everybody who waits for the topic to open, and works for who comes later", async () => {
      const log = newLog();
      let out = true;
      const { feeds } = fakeFeeds({
        ...log,
        head: (topic) => (out ? Promise.reject(new Error("the store is out")) : log.head(topic)),
      });
      const [one, two] = [new FakeSocket(), new FakeSocket()];
      const outcomes = await Promise.allSettled([feeds.attend("topic", one), feeds.attend("topic", two)]);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
      expect(feeds.size).to.equal(0);
      out = false;
      await join(feeds, one);
      await send(log);
      expect(seqsOf(one.entries)).to.deep.equal([1]);
      feeds.close();
    });

    it("says so of a socket that catches up, once, and not of one that has left", async () => {
      const log = newLog();
      await sendMany(log, 300);
      const { feeds } = fakeFeeds({ ...log, read: async () => Promise.reject(new Error("the store is out")) });
      const [stays, leaves] = [new FakeSocket(), new FakeSocket()];
      await Promise.all([join(feeds, stays, 0), join(feeds, leaves, 0)]);
      feeds.leave("topic", leaves);
      await eventually(() => stays.failures.length > 0);
      await turns();
      expect(stays.failures).to.have.length(1);
      expect(leaves.failures).to.deep.equal([]);
      feeds.leave("topic", stays);
      expect(feeds.size).to.equal(0);
    });
  });

  it("hears all in order and once, whatever else is done to it (150 seeds)", async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const log = newLog();
      const { feeds, broken } = fakeFeeds(log);
      const socket = new FakeSocket();
      const random = seededRandom(seed);
      for (let steps = 60; steps > 0; steps--) await step(random, log, feeds, socket);
      await join(feeds, socket);
      socket.entries.length = 0;
      const { head } = await log.head("topic");
      await expectAll(log, socket, head + 1);
      expect(broken, `seed ${seed}`).to.deep.equal([]);
      feeds.close();
      expect(feeds.size, `seed ${seed}`).to.equal(0);
    }
  });
});

type Fed = ReturnType<typeof fakeFeeds>["feeds"];

/** Something that may happen to a socket. That each entry follows the one before, the socket sees to itself. */
async function step(random: Random, log: Log, feeds: Fed, socket: FakeSocket): Promise<void> {
  const what = random.below(10);
  if (what <= 2) return sendMany(log, random.below(60));
  if (what === 3) return sendLarge(log, random.below(40));
  if (what === 4) return socket.connection.pause();
  if (what === 5) return socket.connection.resume();
  if (what === 6) return turns(random.below(5));
  if (what === 7 && random.percent(30)) return feeds.leave("topic", socket);
  const attending = feeds.attend("topic", socket);
  if (random.percent(50)) await sendMany(log, random.below(3));
  const attendance: Attendance = await attending;
  if (random.percent(50)) await turns(random.below(3));
  if (random.percent(40)) return attendance.cancel();
  const position = { ...attendance.cursor, seq: random.below(attendance.cursor.seq + 1) };
  socket.expectAfter(position);
  attendance.follow(position);
}
