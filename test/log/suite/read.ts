import { expect } from "chai";
import { type Enter, type Scene, seqsOf, textsOf, upTo } from "./scene.ts";

/** Ten messages, with an edit after each second one and a deletion of each fifth. */
async function writeSome(scene: Scene): Promise<number[]> {
  const messages: number[] = [];
  for (const n of upTo(10)) {
    const { entry } = await scene.send(`message-${n}`);
    messages.push(entry.seq);
    if (n % 2 === 0) await scene.edit(`edit-${n}`, entry.seq);
    if (n % 5 === 0) await scene.erase(`erase-${n}`, entry.seq);
  }
  return messages;
}

export function readSuite(enter: Enter): void {
  it("reads the entries after one, up to one, at most so many", async () => {
    const scene = await enter();
    for (const n of upTo(10)) await scene.send(`${n}`);
    const read = async (range: { after: number; upTo?: number; limit: number }) =>
      seqsOf((await scene.log.read(scene.topic, range)).entries);
    expect(await read({ after: 0, limit: Infinity })).to.deep.equal(upTo(10));
    expect(await read({ after: -1, limit: 2 })).to.deep.equal([1, 2]);
    expect(await read({ after: 3, limit: 4 })).to.deep.equal([4, 5, 6, 7]);
    expect(await read({ after: 3, upTo: 5, limit: 4 })).to.deep.equal([4, 5]);
    expect(await read({ after: 3, upTo: 100, limit: 100 })).to.deep.equal(upTo(10, 4));
    for (const range of [
      { after: 10, limit: 5 },
      { after: 99, limit: 5 },
      { after: 5, upTo: 5, limit: 5 },
      { after: 5, upTo: 2, limit: 5 },
      { after: 5, limit: 0 },
    ])
      expect(await read(range), JSON.stringify(range)).to.deep.equal([]);
  });

  it("says with every stretch where the log begins and ends", async () => {
    const scene = await enter({ size: 4 });
    for (const n of upTo(10)) await scene.send(`${n}`);
    const { epoch, lastAt } = await scene.log.head(scene.topic);
    const { entries, ...where } = await scene.log.read(scene.topic, { after: 2, limit: 2 });
    expect(seqsOf(entries)).to.deep.equal([7, 8]);
    expect(where).to.deep.equal({ epoch, head: 10, lastAt, id: "10", first: 7 });
  });

  it("gives every message once, page by page from the newest, and says when there is no more", async () => {
    const scene = await enter();
    const messages = await writeSome(scene);
    for (const limit of [1, 3, 9, 10, 11]) {
      const seen: number[] = [];
      let before: number | undefined;
      for (let more = true; more;) {
        const asked = { limit, ...(before !== undefined && { before }) };
        const page = await scene.log.messages(scene.topic, asked);
        expect(page.entries.length).to.equal(Math.min(limit, messages.length - seen.length));
        seen.unshift(...seqsOf(page.entries));
        before = seen[0];
        more = page.more;
        expect(more).to.equal(seen.length < messages.length);
      }
      expect(seen, `by ${limit}`).to.deep.equal(messages);
    }
  });

  it("shows messages before one as they are now", async () => {
    const scene = await enter();
    await scene.send("1");
    await scene.send("2");
    await scene.edit("3", 1);
    const { entries, more } = await scene.log.messages(scene.topic, { before: 2, limit: 10 });
    expect(textsOf(entries)).to.deep.equal(["3"]);
    expect(more).to.equal(false);
    expect((await scene.log.messages(scene.topic, { before: 1, limit: 10 })).entries).to.deep.equal([]);
    expect(textsOf((await scene.log.messages(scene.topic, { before: 99, limit: 1 })).entries)).to.deep.equal(["2"]);
  });

  it("counts the messages of others after one that are there and not erased", async () => {
    const scene = await enter({ size: 8 });
    const count = (after: number, except: string) => scene.log.count(scene.topic, { after, except });
    await scene.send("1", { by: "bob" });
    await scene.send("2", { by: "ann" });
    await scene.send("3", { by: "bob" });
    await scene.edit("4", 3, { by: "bob" });
    await scene.send("5", { by: "cat" });
    expect(await count(0, "ann")).to.equal(3);
    expect(await count(0, "bob")).to.equal(2);
    expect(await count(0, "nobody")).to.equal(4);
    expect(await count(1, "ann")).to.equal(2);
    expect(await count(3, "ann")).to.equal(1);
    expect(await count(5, "ann")).to.equal(0);
    for (const [last, counted] of [
      [5, 3],
      [3, 2],
      [1, 1],
      [0, 0],
    ] as const)
      expect(await scene.log.count(scene.topic, { after: 0, upTo: last, except: "ann" })).to.equal(counted);
    expect(await count(99, "ann")).to.equal(0);
    await scene.erase("6", 3, { by: "bob" });
    expect(await count(0, "ann")).to.equal(2);
    for (const id of ["7", "8", "9"]) await scene.send(id, { by: "ann" });
    expect(await count(0, "ann")).to.equal(1);
  });

  it("counts them over long stretches as well, whoever asks first, and after what was erased since", async () => {
    const scene = await enter({ size: 300 });
    const users = ["ann", "__proto__", "7", 'a"b\\c'];
    for (let n = 0; n < 200; n++) await scene.send(`message-${n}`, { by: users[n % 4] ?? "" });
    const count = (after: number, last: number, except: string) =>
      scene.log.count(scene.topic, { after, upTo: last, except });
    for (const user of users) expect(await count(0, 200, user), user).to.equal(150);
    expect(await count(0, 200, "nobody")).to.equal(200);
    expect(await count(0, 100, "ann")).to.equal(75);
    expect(await count(100, 200, "ann")).to.equal(75);
    await scene.erase("erasure", 2, { by: "__proto__" });
    expect(await count(0, 201, "ann")).to.equal(149);
    expect(await count(0, 201, "__proto__")).to.equal(150);
    expect(await scene.log.count(scene.topic, { after: 0, except: "ann" })).to.equal(149);
  });

  it("has nothing to say of a topic that was never written, but an epoch", async () => {
    const { log, topic } = await enter();
    const { epoch, ...page } = await log.messages(topic, { limit: 10 });
    expect(epoch).to.match(/./);
    expect(page).to.deep.equal({ head: 0, entries: [], more: false });
    const { head, first, entries } = await log.read(topic, { after: 0, limit: 10 });
    expect({ head, first, entries }).to.deep.equal({ head: 0, first: 1, entries: [] });
    expect(await log.count(topic, { after: 0, except: "ann" })).to.equal(0);
    expect(await log.find(topic, "ann", "id")).to.equal(undefined);
  });
}
