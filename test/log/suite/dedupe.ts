import { expect } from "chai";
import type { Appended, Guard } from "../../../src/log/index.ts";
import { CarillonError } from "../../../src/protocol/errors.ts";
import { type Enter, codeOf, type Scene } from "./scene.ts";

type Write = (scene: Scene, id: string, target: number) => Promise<Appended>;

const WRITES: Record<string, Write> = {
  sent: (scene, id) => scene.send(id),
  edited: (scene, id, target) => scene.edit(id, target),
  deleted: (scene, id, target) => scene.erase(id, target),
};

/** Any two of these would be one if they were merely put together, with whatever between. */
const PAIRS = [
  ["a", "bc"],
  ["ab", "c"],
  ["a b", "c"],
  ["a-b", "c"],
  ["a", "b-c"],
  ["a:b", "c"],
  ["a", "b:c"],
  ["a|b", "c|d"],
  ["a", "b|c|d"],
  ["", "abc"],
  ["__proto__", "constructor"],
  ["constructor", "__proto__"],
  ["toString", "__proto__"],
  ["hasOwnProperty", "valueOf"],
] as const;

export function dedupeSuite(enter: Enter): void {
  for (const [first, writeFirst] of Object.entries(WRITES)) {
    for (const [then, writeThen] of Object.entries(WRITES)) {
      it(`answers what comes as ${then} under the id of something ${first} with that`, async () => {
        const scene = await enter();
        await scene.send("one");
        await scene.send("two");
        const { entry } = await writeFirst(scene, "the-id", 1);
        expect(await writeThen(scene, "the-id", 2)).to.deep.equal({ entry, duplicate: true });
        expect(await scene.head()).to.equal(3);
        expect((await scene.entries())[1]).to.deep.include({ content: { text: "two" } });
      });
    }
  }

  it("keeps the ids of authors apart, whatever they are", async () => {
    const scene = await enter();
    for (const [by, id] of PAIRS) expect(await scene.send(id, { by })).to.include({ duplicate: false });
    for (const [index, [by, id]] of PAIRS.entries()) {
      const { entry, duplicate } = await scene.send(id, { by, text: "again" });
      expect({ duplicate, seq: entry.seq, by: entry.by, id: entry.id }).to.deep.equal({
        duplicate: true,
        seq: index + 1,
        by,
        id,
      });
    }
    expect(await scene.log.find(scene.topic, "valueOf", "hasOwnProperty")).to.equal(undefined);
  });

  it("writes an id once, however many come with it at a time", async () => {
    const scene = await enter();
    const written = await Promise.all(
      Array.from({ length: 50 }, (_, index) => scene.send("once", { text: `${index}` })),
    );
    expect(written.filter(({ duplicate }) => !duplicate)).to.have.length(1);
    expect(new Set(written.map(({ entry }) => entry.seq))).to.deep.equal(new Set([1]));
    expect(await scene.head()).to.equal(1);
  });

  it("asks the guard of an id that it does not know, and never of one that it does", async () => {
    const scene = await enter({ size: 3 });
    const { entry: dropped } = await scene.send("dropped");
    await scene.advance(1_000);
    await scene.send("bobs", { by: "bob" });
    await scene.send("known");
    await scene.send("last");
    const guards: Record<string, { guard: Guard; target?: number }> = {
      muted: { guard: { refusal: new CarillonError("muted") } },
      conflict: { guard: { epoch: "another" } },
      too_late: { guard: { createdAt: dropped.at } },
      not_found: { guard: {}, target: 99 },
      forbidden: { guard: { author: "ann" }, target: 2 },
    };
    for (const [code, { guard, target }] of Object.entries(guards)) {
      const attempt = (id: string) =>
        target === undefined ? scene.send(id, { guard }) : scene.edit(id, target, { guard });
      expect(await codeOf(attempt(`unknown-${code}`))).to.equal(code);
      expect(await attempt("known"), code).to.deep.include({ duplicate: true });
    }
    expect(await scene.head()).to.equal(4);
  });

  it("does not know an id that was refused", async () => {
    const scene = await enter();
    await codeOf(scene.send("id", { guard: { epoch: "another" } }));
    expect(await scene.send("id")).to.include({ duplicate: false });
  });

  it("forgets an id with its entry: not before, and not after", async () => {
    const scene = await enter({ size: 3 });
    for (const id of ["1", "2", "3", "4"]) await scene.send(id);
    expect(await scene.log.find(scene.topic, "ann", "1")).to.equal(undefined);
    for (const id of ["2", "3", "4"]) expect(await scene.send(id)).to.include({ duplicate: true });
    const { entry, duplicate } = await scene.send("1");
    expect({ seq: entry.seq, duplicate }).to.deep.equal({ seq: 5, duplicate: false });
    expect(await scene.send("1")).to.include({ duplicate: true });
  });

  it("forgets an id with its entry by age too", async () => {
    const scene = await enter({ ttlSec: 60 });
    await scene.send("old");
    await scene.advance(50_000);
    await scene.send("young");
    expect(await scene.send("old")).to.include({ duplicate: true });
    await scene.advance(20_000);
    expect(await scene.send("young")).to.include({ duplicate: true });
    expect(await scene.send("old")).to.include({ duplicate: false });
  });

  it("knows the id of what was erased, and shows nothing of it", async () => {
    const scene = await enter();
    const { entry: sent } = await scene.send("secret");
    await scene.erase("away", 1);
    const { entry, duplicate } = await scene.send("secret");
    const { content, erasedAt, ...rest } = entry;
    expect(duplicate).to.equal(true);
    expect(content).to.equal(undefined);
    expect(erasedAt).to.be.a("number");
    expect(sent).to.deep.equal({ ...rest, content: { text: "secret" } });
  });

  it("finds what it would answer with, in its own topic alone", async () => {
    const scene = await enter();
    const { entry } = await scene.send("id");
    expect(await scene.log.find(scene.topic, "ann", "id")).to.deep.equal(entry);
    expect(await scene.log.find(scene.topic, "bob", "id")).to.equal(undefined);
    expect(await scene.log.find(`${scene.topic}-2`, "ann", "id")).to.equal(undefined);
    const elsewhere = await scene.log.append(`${scene.topic}-2`, { id: "id", by: "ann", kind: "sent", body: {} });
    expect(elsewhere).to.include({ duplicate: false });
  });
}
