import { expect } from "chai";
import type { Position } from "../../src/log/index.ts";
import { placeOf } from "../../src/log/position.ts";
import { type Standing, takeSnapshot } from "../../src/namespaces/chat/snapshot.ts";
import { newLog, sendMany } from "../log/hearer.ts";
import { seqsOf, upTo } from "../log/suite/scene.ts";
import { refusalOf } from "../kit/refusal.ts";

/**
 * A log of ten messages, and a worker that has seen more of it or something else in it, as after a rollback: it notices when it
 * checks.
 */
async function standBeyond(place: Partial<Position>) {
  const log = newLog();
  await sendMany(log, 10);
  const { epoch } = await log.head("topic");
  let cursor: Position = { epoch, seq: 10, ...place };
  let checks = 0;
  const standing: Standing = {
    get cursor() {
      return cursor;
    },
    async check() {
      checks++;
      const { head } = await log.resume("topic", cursor);
      cursor = { epoch: head.epoch, seq: head.head, ...(head.id !== undefined && { id: head.id }) };
    },
  };
  return { log, epoch, standing, checks: () => checks };
}

describe("a room's snapshot", () => {
  it("is cut at the worker's cursor, with no second look, where the log is what the worker takes it for", async () => {
    const { log, epoch, standing, checks } = await standBeyond({});
    await sendMany(log, 3);
    const { cursor, recovered, entries, position } = await takeSnapshot(log, "topic", standing, { limit: 4 }, 1e6);
    expect(cursor).to.include({ epoch, seq: 10 });
    expect({ recovered, position }).to.deep.equal({ recovered: null, position: cursor });
    expect(seqsOf(entries)).to.deep.equal([7, 8, 9, 10]);
    expect(checks()).to.equal(0);
  });

  it("looks again where a joiner has seen more than the worker, and then recovers what was missed", async () => {
    const { log, epoch, standing, checks } = await standBeyond({ seq: 4 });
    const snapshot = await takeSnapshot(log, "topic", standing, { limit: 50, since: { epoch, seq: 8 } }, 1e6);
    expect(snapshot.recovered).to.equal(true);
    expect(seqsOf(snapshot.entries)).to.deep.equal([9, 10]);
    expect(checks()).to.equal(1);
  });

  for (const [what, place] of Object.entries<Partial<Position>>({
    "is behind": { seq: 14, id: "lost" },
    "has another message at": { seq: 10, id: "lost" },
    "has another epoch than": { epoch: "another" },
  })) {
    it(`is cut again when the log ${what} the worker's cursor`, async () => {
      const { log, epoch, standing, checks } = await standBeyond(place);
      const since = { epoch: standing.cursor.epoch, seq: 8 };
      const [whole, resumed] = await Promise.all([
        takeSnapshot(log, "topic", standing, { limit: 50 }, 1e6),
        takeSnapshot(log, "topic", standing, { limit: 50, since: { ...since, id: "lost" } }, 1e6),
      ]);
      const head = await log.head("topic");
      if (place.epoch === undefined) expect(head.epoch).not.to.equal(epoch);
      for (const { cursor, entries, position } of [whole, resumed]) {
        expect(cursor).to.include({ epoch: head.epoch, seq: 10 });
        expect(position).to.equal(cursor);
        expect(seqsOf(entries)).to.deep.equal(upTo(10));
        expect(entries.every((entry) => entry.epoch === head.epoch)).to.equal(true);
      }
      expect([whole.recovered, resumed.recovered]).to.deep.equal([null, false]);
      expect(checks()).to.be.within(1, 2);
    });
  }

  it("never takes for whole what was missed in a log that was rolled back since", async () => {
    for (const seq of upTo(14)) {
      const { log, epoch, standing } = await standBeyond({ seq: 14, id: "lost" });
      const { recovered } = await takeSnapshot(log, "topic", standing, { limit: 50, since: { epoch, seq } }, 1e6);
      expect(recovered, `${seq}`).to.equal(false);
    }
  });

  it("says from which entry the feed goes on, by its id", async () => {
    const { log, epoch, standing } = await standBeyond({});
    const { entries: all } = await log.read("topic", { after: 0, limit: 10 });
    for (const [limit, last] of [
      [50, 10],
      [3, 7],
    ] as const) {
      const { position } = await takeSnapshot(log, "topic", standing, { limit, since: { epoch, seq: 4 } }, 1e6);
      expect(position).to.deep.equal(placeOf(all[last - 1] ?? expect.fail()));
    }
    const since = { epoch, seq: 10, id: all[9]?.id };
    const { position } = await takeSnapshot(log, "topic", standing, { limit: 5, since }, 1e6);
    expect(position).to.deep.equal(placeOf(all[9] ?? expect.fail()));
  });

  it("is refused while the log is another one each time", async () => {
    const { log, standing } = await standBeyond({ epoch: "another" });
    const unsettled = { cursor: standing.cursor, check: async () => {} };
    expect(await refusalOf(takeSnapshot(log, "topic", unsettled, { limit: 5 }, 1e6))).to.include({
      code: "unavailable",
    });
  });
});
