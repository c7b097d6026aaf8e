import { expect } from "chai";
import { type Enter, seqsOf, setScene, upTo } from "./scene.ts";

/** What JSON can say and what stores have been seen to change. */
const TREACHEROUS = JSON.parse(
  `{"empty":[],"nothing":{},"null":null,"fraction":0.12345678901234568,"large":9007199254740991,"negative":-1e-7,
    "lone":"\\ud800x","nul":"\\u0000","text":"Ä€😀","__proto__":{"polluted":true},"constructor":"c","deep":[[[[[[[[1]]]]]]]]}`,
) as Record<string, unknown>;

export function orderSuite(enter: Enter): void {
  it("numbers 500 entries that come at once 1, 2, 3, … without a hole", async () => {
    const scene = await enter();
    const written = await Promise.all(upTo(500).map((n) => scene.send(`id-${n}`, { by: `user-${n % 5}` })));
    const seqs = written.map(({ entry }) => entry.seq).toSorted((a, b) => a - b);
    expect(seqs).to.deep.equal(upTo(500));

    const entries = await scene.entries();
    expect(seqsOf(entries)).to.deep.equal(upTo(500));
    for (const { entry } of written) expect(entries[entry.seq - 1]).to.deep.equal(entry);
    expect(entries.map(({ at }) => at)).to.deep.equal(entries.map(({ at }) => at).toSorted((a, b) => a - b));
  });

  it("numbers each topic by itself, in an epoch of its own", async () => {
    const one = await enter();
    const other = setScene(one);
    const epochs = new Set<string>();
    for (const scene of [one, other]) {
      const { entry } = await scene.send("id");
      expect(entry.seq).to.equal(1);
      epochs.add(entry.epoch);
    }
    expect(epochs.size).to.equal(2);
  });

  it("takes any name for a topic", async () => {
    const { log, topic } = await enter();
    for (const name of ["__proto__", "constructor", "a b", `${topic}:${topic}`, "x".repeat(255)]) {
      const { entry } = await log.append(name, { id: `id-of-${topic}`, by: "ann", kind: "sent", body: { name } });
      const { entries, head } = await log.read(name, { after: entry.seq - 1, limit: 1 });
      expect(entries).to.deep.equal([entry]);
      expect(head).to.equal(entry.seq);
    }
  });

  it("never lets the time of an entry go back, though the clock does", async () => {
    const scene = await enter();
    const { entry: first } = await scene.send("1");
    await scene.advance(-60_000);
    const { entry: second } = await scene.send("2");
    expect(second.at).to.equal(first.at);
    await scene.advance(120_000);
    const { entry: third } = await scene.send("3");
    expect(third.at).to.be.within(first.at + 60_000, first.at + 90_000);
    expect(await scene.log.head(scene.topic)).to.deep.equal({
      epoch: first.epoch,
      head: 3,
      lastAt: third.at,
      id: "3",
    });
  });

  it("has an epoch and a head before anything is written, and keeps the epoch", async () => {
    const scene = await enter();
    const { epoch, head, lastAt } = await scene.log.head(scene.topic);
    expect(head).to.equal(0);
    await scene.advance(1_000);
    expect(await scene.log.head(scene.topic)).to.deep.equal({ epoch, head, lastAt });
    const { entry } = await scene.send("id", { guard: { epoch } });
    expect(entry.epoch).to.equal(epoch);
    expect(entry.at).to.be.at.least(lastAt + 1_000);
  });

  it("keeps what is written as JSON has it", async () => {
    const scene = await enter();
    const { entry } = await scene.append({ body: { what: TREACHEROUS }, content: TREACHEROUS });
    const json = JSON.stringify(TREACHEROUS);
    for (const seen of [entry, ...(await scene.entries())]) {
      expect(JSON.stringify(seen.body.what)).to.equal(json);
      expect(JSON.stringify(seen.content)).to.equal(json);
    }
    expect(({} as { polluted?: true }).polluted).to.equal(undefined);
  });

  it("keeps what was written, whatever its writer does to his own copy", async () => {
    const scene = await enter();
    const data = { list: [1] };
    const { entry } = await scene.append({ id: "id", body: { data, gone: undefined }, content: { data } });
    data.list.push(2);
    for (const seen of [entry, await scene.log.find(scene.topic, "ann", "id"), ...(await scene.entries())]) {
      expect(seen?.body).to.deep.equal({ data: { list: [1] } });
      expect(seen?.content).to.deep.equal({ data: { list: [1] } });
    }
  });
}
