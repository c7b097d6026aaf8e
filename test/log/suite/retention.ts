import { expect } from "chai";
import { type Enter, codeOf, seqsOf, upTo } from "./scene.ts";

export function retentionSuite(enter: Enter): void {
  it("holds exactly the newest `size` entries", async () => {
    const scene = await enter({ size: 5 });
    for (const n of upTo(12)) {
      await scene.send(`${n}`);
      const { first, head, entries } = await scene.log.read(scene.topic, { after: 0, limit: 100 });
      expect({ first, head }).to.deep.equal({ first: Math.max(1, n - 4), head: n });
      expect(seqsOf(entries)).to.deep.equal(upTo(n, first));
    }
  });

  it("drops an entry when it is as old as `ttlSec`, and not the younger ones after it", async () => {
    const scene = await enter({ ttlSec: 60 });
    await scene.send("1");
    await scene.advance(30_000);
    await scene.send("2");
    await scene.advance(28_000);
    expect(seqsOf(await scene.entries())).to.deep.equal([1, 2]);
    await scene.advance(4_000);
    expect(seqsOf(await scene.entries())).to.deep.equal([2]);
    expect((await scene.log.messages(scene.topic, { limit: 10 })).entries).to.have.length(1);
    expect(await scene.log.count(scene.topic, { after: 0, except: "bob" })).to.equal(1);
  });

  it("goes on in its epoch and from its head when all entries are gone", async () => {
    const scene = await enter({ ttlSec: 60 });
    await scene.send("1");
    const { entry: last } = await scene.send("2");
    await scene.advance(100_000);
    const { epoch, at: lastAt } = last;
    const empty = { epoch, head: 2, lastAt, first: 3, entries: [] };
    expect(await scene.log.read(scene.topic, { after: 0, limit: 10 })).to.deep.equal(empty);
    expect(await scene.log.messages(scene.topic, { limit: 10 })).to.deep.equal({
      epoch,
      head: 2,
      entries: [],
      more: false,
    });
    expect(await scene.log.head(scene.topic)).to.deep.equal({ epoch, head: 2, lastAt });
    const { entry } = await scene.send("3");
    expect(entry).to.include({ epoch, seq: 3 });
  });

  it("counts only what counts; the rest goes with the next of those, or by its age", async () => {
    const scene = await enter({ size: 2, ttlSec: 60, counts: (kind) => kind === "sent" });
    const kinds = ["sent", "read", "sent", "read", "sent"];
    for (const kind of kinds) await scene.append({ kind });
    expect(seqsOf(await scene.entries())).to.deep.equal([2, 3, 4, 5]);
    for (const _ of upTo(20)) await scene.append({ kind: "read" });
    expect(seqsOf(await scene.entries())).to.deep.equal(upTo(25, 2));
    await scene.append({ kind: "sent" });
    expect(seqsOf(await scene.entries())).to.deep.equal(upTo(26, 4));
    await scene.advance(100_000);
    expect(await scene.entries()).to.deep.equal([]);
  });

  it("has for messages only what counts", async () => {
    const scene = await enter({ counts: (kind) => kind === "sent" });
    await scene.send("1");
    await scene.append({ kind: "read", by: "ann" });
    expect(seqsOf((await scene.log.messages(scene.topic, { limit: 10 })).entries)).to.deep.equal([1]);
    expect(await scene.log.count(scene.topic, { after: 0, except: "bob" })).to.equal(1);
    expect(await codeOf(scene.edit("edit", 2))).to.equal("not_found");
  });

  it("takes a draft from any time since it began, while nothing was dropped", async () => {
    const scene = await enter();
    const { entry: first } = await scene.send("1");
    await scene.advance(60_000);
    expect(await scene.send("2", { guard: { createdAt: first.at } })).to.include({ duplicate: false });
  });

  it("refuses a draft from before it began: an earlier log, now lost, may have held it", async () => {
    const scene = await enter();
    expect(await codeOf(scene.send("1", { guard: { createdAt: 1 } }))).to.equal("too_late");
    const { entry } = await scene.send("2");
    expect(await scene.send("2", { guard: { createdAt: 1 } })).to.deep.equal({ entry, duplicate: true });
  });

  for (const how of ["size", "ttlSec"] as const) {
    it(`refuses a draft that may be among what ${how} has dropped, and takes a younger one`, async () => {
      const scene = await enter(how === "size" ? { size: 3 } : { ttlSec: 60 });
      const { entry: dropped } = await scene.send("dropped");
      await scene.advance(40_000);
      const { entry: kept } = await scene.send("kept");
      for (const id of how === "size" ? ["3", "4"] : []) await scene.send(id);
      if (how === "ttlSec") await scene.advance(30_000);

      const attempt = (id: string, createdAt: number) => scene.send(id, { guard: { createdAt } });
      expect(await codeOf(attempt("dropped", dropped.at))).to.equal("too_late");
      expect(await codeOf(attempt("older", dropped.at - 5_000))).to.equal("too_late");
      expect(await attempt("kept", 0)).to.deep.equal({ entry: kept, duplicate: true });
      expect(await attempt("younger", dropped.at + 1)).to.include({ duplicate: false });
    });
  }

  it("drops an edit only after the message that it is about", async () => {
    const scene = await enter({ size: 3 });
    await scene.send("1");
    await scene.edit("2", 1);
    await scene.edit("3", 1);
    await scene.edit("4", 1);
    expect(seqsOf(await scene.entries())).to.deep.equal([2, 3, 4]);
    expect((await scene.log.messages(scene.topic, { limit: 10 })).entries).to.deep.equal([]);
    expect(await codeOf(scene.edit("5", 1))).to.equal("not_found");
    expect(await codeOf(scene.erase("6", 1))).to.equal("not_found");
  });
}
