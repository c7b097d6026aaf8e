import { expect } from "chai";
import type { Entry } from "../../../src/log/index.ts";
import { eventually } from "../../kit/wait.ts";
import { type Enter, codeOf, hearing, type Scene, seqsOf, textsOf, upTo } from "./scene.ts";

/** Everything that a log can be made to say, as text. */
async function everythingOf({ log, topic, entries }: Scene): Promise<string> {
  const written = await entries();
  const found = await Promise.all(written.map(({ by, id }) => log.find(topic, by, id)));
  return JSON.stringify([written, found, await log.messages(topic, { limit: 1000 })]);
}

const page = async ({ log, topic }: Scene) => (await log.messages(topic, { limit: 1000 })).entries;

export function amendSuite(enter: Enter): void {
  it("shows a message with the content of its newest edit, and since when", async () => {
    const scene = await enter();
    await scene.append({ id: "1", body: { from: "Ann" }, content: { text: "first", data: { n: 1 } } });
    await scene.send("2");
    await scene.edit("3", 1, { text: "second" });
    await scene.advance(1_000);
    const { entry: last } = await scene.edit("4", 1, { text: "third" });
    const [message, other] = await page(scene);
    expect(message).to.deep.include({ seq: 1, id: "1", kind: "sent", body: { from: "Ann" }, revisedAt: last.at });
    expect(message?.content).to.deep.equal({ text: "third", data: { n: 1 } });
    expect(other).to.deep.include({ seq: 2, content: { text: "2" } });
    expect(other).not.to.have.property("revisedAt");
  });

  it("reads edits as they were written", async () => {
    const scene = await enter();
    await scene.send("1");
    const { entry } = await scene.edit("2", 1);
    expect(entry).to.deep.include({ seq: 2, kind: "edited", target: 1, content: { text: "2" } });
    const entries = await scene.entries();
    expect(textsOf(entries)).to.deep.equal(["1", "2"]);
    expect(entries[0]).not.to.have.property("revisedAt");
  });

  it("takes the content of a message and of all its edits, everywhere and without a hole", async () => {
    const scene = await enter();
    await scene.append({ id: "1", body: { from: "Ann" }, content: { text: "secret", data: { key: "secret" } } });
    await scene.send("2", { text: "stays" });
    await scene.edit("3", 1, { text: "more secret" });
    await scene.edit("4", 2, { text: "stays too" });
    await scene.edit("5", 1, { text: "secret still" });
    const { entry: erasure } = await scene.erase("6", 1);

    expect(await everythingOf(scene)).not.to.contain("secret");
    const entries = await scene.entries();
    expect(seqsOf(entries)).to.deep.equal(upTo(6));
    expect(textsOf(entries)).to.deep.equal([undefined, "stays", undefined, "stays too", undefined, undefined]);
    const erasedAts = entries.map(({ erasedAt }) => erasedAt);
    expect(erasedAts).to.deep.equal([erasure.at, undefined, erasure.at, undefined, erasure.at, undefined]);
    expect(entries[0]).to.deep.include({ id: "1", body: { from: "Ann" } });
    const [erased, other] = await page(scene);
    expect(erased).to.deep.include({ seq: 1, erasedAt: erasure.at });
    expect(erased).not.to.have.any.keys("content", "revisedAt");
    expect(other).to.deep.include({ seq: 2, content: { text: "stays too" } });
  });

  it("has neither edits nor another erasure of what was erased", async () => {
    const scene = await enter();
    await scene.send("1");
    await scene.erase("2", 1);
    expect(await codeOf(scene.edit("3", 1))).to.equal("not_found");
    expect(await codeOf(scene.erase("4", 1))).to.equal("not_found");
    expect(await scene.erase("2", 1)).to.include({ duplicate: true });
    expect(await scene.head()).to.equal(2);
  });

  it("leaves no edit that came at the same time as the erasure", async () => {
    const scene = await enter();
    await scene.send("message", { text: "secret" });
    const edits = (from: number) => upTo(from + 24, from).map((n) => scene.edit(`edit-${n}`, 1, { text: "secret" }));
    const early = edits(1);
    const erasure = scene.erase("erase", 1);
    const outcomes = await Promise.allSettled([...early, ...edits(26)]);
    await erasure;

    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(await scene.head()).to.equal(2 + 50 - refused.length);
    expect(await everythingOf(scene)).not.to.contain("secret");
  });

  it("changes nothing that somebody holds", async () => {
    const scene = await enter();
    const heard: Entry[] = [];
    const stop = await scene.log.subscribe(
      scene.topic,
      hearing((entry) => heard.push(entry)),
    );
    const { entry } = await scene.send("1");
    const { entry: edit } = await scene.edit("2", 1);
    const held = [entry, edit, ...(await scene.entries()), ...(await page(scene))];
    const before = structuredClone(held);
    await scene.erase("3", 1);
    await eventually(() => heard.length === 3);
    stop();
    expect(held).to.deep.equal(before);
    expect(heard.slice(0, 2)).to.deep.equal([entry, edit]);
  });

  it("lets only the author amend, where the guard says so", async () => {
    const scene = await enter();
    await scene.send("1", { by: "bob" });
    const guard = { author: "ann" };
    expect(await codeOf(scene.edit("2", 1, { guard }))).to.equal("forbidden");
    expect(await codeOf(scene.erase("3", 1, { guard }))).to.equal("forbidden");
    expect(await scene.edit("4", 1, { by: "bob", guard: { author: "bob" } })).to.include({ duplicate: false });
    expect(await scene.erase("5", 1)).to.include({ duplicate: false });
  });

  it("amends nothing but messages that are there", async () => {
    const scene = await enter();
    await scene.send("1");
    await scene.edit("2", 1);
    await scene.send("3");
    await scene.erase("4", 3);
    for (const target of [-1, 0, 2, 4, 5, 1000, 1.5]) {
      expect(await codeOf(scene.edit(`edit-${target}`, target)), `${target}`).to.equal("not_found");
      expect(await codeOf(scene.erase(`erase-${target}`, target)), `${target}`).to.equal("not_found");
    }
    // Itself is not there yet.
    expect(await codeOf(scene.edit("own", 5))).to.equal("not_found");
    expect(await scene.head()).to.equal(4);
  });
}
