import { expect } from "chai";
import type { Position } from "../../../src/log/index.ts";
import { recover } from "../../../src/log/position.ts";
import { type Enter, type Scene, seqsOf, textsOf, upTo } from "./scene.ts";

const LOST = { recovered: false };

/** What comes after a position, as seqs; the head is where the log is, unless given. */
async function after(scene: Scene, since: Partial<Position>, limit = 100, head?: number) {
  const { epoch, head: end } = await scene.log.head(scene.topic);
  const to = { epoch, seq: head ?? end };
  const recovery = await recover(scene.log, scene.topic, { epoch, seq: 0, ...since }, { upTo: to, limit });
  return recovery.recovered ? seqsOf(recovery.entries) : recovery;
}

export function recoverSuite(enter: Enter): void {
  async function withTen(size = 1000): Promise<Scene> {
    const scene = await enter({ size });
    for (const n of upTo(10)) await scene.send(`id-${n}`);
    return scene;
  }

  it("gives all that came after a position, the oldest `limit` of it, and nothing after the head", async () => {
    const scene = await withTen();
    expect(await after(scene, { seq: 7 })).to.deep.equal([8, 9, 10]);
    expect(await after(scene, { seq: 0 })).to.deep.equal(upTo(10));
    expect(await after(scene, { seq: 2 }, 3)).to.deep.equal([3, 4, 5]);
    expect(await after(scene, { seq: 0 }, 3)).to.deep.equal([1, 2, 3]);
    expect(await after(scene, { seq: 5 }, 100, 7)).to.deep.equal([6, 7]);
  });

  it("gives edits and deletions as they were written, and what they are about as it is", async () => {
    const scene = await enter();
    const { entry } = await scene.send("1");
    await scene.send("2");
    await scene.edit("3", 2);
    await scene.erase("4", 1);
    const { epoch, head } = await scene.log.head(scene.topic);
    const since = { epoch, seq: entry.seq };
    const recovery = await recover(scene.log, scene.topic, since, { upTo: { epoch, seq: head }, limit: 10 });
    expect(recovery.recovered && textsOf(recovery.entries)).to.deep.equal(["2", "3", undefined]);
  });

  it("gives nothing, and misses nothing, at the head", async () => {
    const scene = await withTen();
    expect(await after(scene, { seq: 10 })).to.deep.equal([]);
    expect(await after(scene, { seq: 10, id: "id-10" })).to.deep.equal([]);
    expect(await after(await enter(), { seq: 0 })).to.deep.equal([]);
  });

  it("refuses another epoch", async () => {
    const scene = await withTen();
    const { epoch } = await scene.log.head(`${scene.topic}-2`);
    for (const seq of [0, 5, 10]) {
      expect(await after(scene, { epoch: "another", seq })).to.deep.equal(LOST);
      expect(await after(scene, { epoch, seq })).to.deep.equal(LOST);
    }
  });

  it("refuses what is beyond the head", async () => {
    const scene = await withTen();
    expect(await after(scene, { seq: 11 })).to.deep.equal(LOST);
    expect(await after(scene, { seq: Number.MAX_SAFE_INTEGER })).to.deep.equal(LOST);
    expect(await after(scene, { seq: 8 }, 100, 7)).to.deep.equal(LOST);
  });

  it("refuses a position at which another entry stands", async () => {
    const scene = await withTen();
    for (const seq of [1, 5, 10]) {
      expect(await after(scene, { seq, id: `id-${seq}` })).to.deep.equal(upTo(10, seq + 1));
      expect(await after(scene, { seq, id: "id-of-another" })).to.deep.equal(LOST);
      expect(await after(scene, { seq, id: "" })).to.deep.equal(LOST);
    }
    expect(await after(scene, { seq: 5, id: "id-of-another" }, 1)).to.deep.equal(LOST);
  });

  it("gives all that was missed, or nothing: never a part that looks whole", async () => {
    const scene = await withTen(4);
    for (const seq of upTo(12, 0)) {
      for (const limit of [1, 2, 3, 100]) {
        const whole = seq >= 6 && seq <= 10 ? upTo(Math.min(10, seq + limit), seq + 1) : LOST;
        expect(await after(scene, { seq }, limit), `${seq} by ${limit}`).to.deep.equal(whole);
      }
    }
  });

  it("takes a position whose own entry is gone, if all after it is there", async () => {
    const scene = await withTen(4);
    expect(await after(scene, { seq: 6, id: "id-6" })).to.deep.equal([7, 8, 9, 10]);
    expect(await after(scene, { seq: 5, id: "id-5" })).to.deep.equal(LOST);
  });

  it("takes the head of a log whose entries are all gone, and nothing before it", async () => {
    const scene = await enter({ ttlSec: 60 });
    for (const n of upTo(3)) await scene.send(`id-${n}`);
    await scene.advance(100_000);
    expect(await after(scene, { seq: 3, id: "id-3" })).to.deep.equal([]);
    expect(await after(scene, { seq: 2 })).to.deep.equal(LOST);
  });
}
