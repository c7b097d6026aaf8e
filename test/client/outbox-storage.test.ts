import { expect } from "chai";
import { FakeStorage } from "./fake-log.ts";
import { room, scene, sendAll, statesOf, textsOf } from "./outbox-scene.ts";
import { useTime } from "./time.ts";

const key = (id: string) => `carillon:outbox:ann:${room}:${id}`;

function refuse(): never {
  throw new Error("QuotaExceededError");
}

describe("an outbox with a storage", () => {
  const time = useTime();

  it("keeps each message under a key of its own until it is sent", async () => {
    const storage = new FakeStorage();
    const { outbox, clock, log, open } = scene(time.clock, { storage, fates: ["muted"] });
    open();
    const [first, second] = sendAll(outbox, "one", "two");
    expect([...storage.items.keys()]).to.deep.equal([key(first!.id), key(second!.id)]);
    expect(storage.kept(key(first!.id))).to.deep.equal({ text: "one", createdAt: first!.createdAt });
    outbox.live(log.epoch);
    await clock.advance(20);
    expect([...storage.items.keys()], "the one that failed").to.deep.equal([key(first!.id)]);
    outbox.discard(first!.id);
    expect(storage.length).to.equal(0);
  });

  it("sends what another page has left, in the order in which it was written, before what is new", async () => {
    const storage = new FakeStorage();
    const past = scene(time.clock, { storage, fates: ["muted", "answer lost"] });
    past.open();
    past.outbox.live(past.log.epoch);
    sendAll(past.outbox, "one", "two", "three", "four");
    await past.clock.advance(12);
    past.connection.cut();
    expect(storage.length).to.equal(4);
    // As it comes out of a storage that orders its keys as it likes.
    const kept = [...storage.items].toReversed();
    storage.items.clear();
    for (const [own, value] of kept) storage.setItem(own, value);

    const { outbox, clock, log, open } = scene(time.clock, { storage, log: past.log });
    outbox.send({ text: "five" });
    open();
    expect(textsOf(outbox.outgoing())).to.deep.equal(["one", "two", "three", "four", "five"]);
    expect(statesOf(outbox)[0]).to.equal("failed");
    await clock.advance(30);
    expect(textsOf(log.history), "their log is known").to.deep.equal(["two", "three", "four"]);
    outbox.live(log.epoch);
    await clock.advance(30);
    expect(textsOf(log.history)).to.deep.equal(["two", "three", "four", "five"]);
    expect(log.history.map(({ seq }) => seq)).to.deep.equal([1, 2, 3, 4]);
    expect(storage.length).to.equal(1);
  });

  it("shares it with another tab: both send the same message, and both see it sent, once", async () => {
    const storage = new FakeStorage();
    const one = scene(time.clock, { storage });
    one.open();
    one.outbox.live(one.log.epoch);
    one.connection.cut();
    const { id } = one.outbox.send({ text: "hello" });
    const other = scene(time.clock, { storage, log: one.log });
    other.open();
    other.connection.cut();
    const seen = [one, other].map(({ outbox }) => outbox.settled(id));
    one.open();
    await one.clock.advance(10);
    other.open();
    await one.clock.advance(10);
    expect((await Promise.all(seen)).map(({ seq }) => seq)).to.deep.equal([1, 1]);
    expect(one.log.history).to.have.length(1);
  });

  it("does not send what another tab has discarded", async () => {
    const storage = new FakeStorage();
    const one = scene(time.clock, { storage });
    one.open();
    one.outbox.live(one.log.epoch);
    one.connection.cut();
    const { id } = one.outbox.send({ text: "hello" });
    const other = scene(time.clock, { storage, log: one.log, fates: ["lost"] });
    other.open();
    await one.clock.advance(10);
    other.connection.cut();
    const seen = other.outbox.settled(id);
    one.outbox.discard(id);
    other.open();
    await one.clock.advance(10);
    expect(await seen).to.have.nested.property("failure.code", "not_found");
    expect(one.log.history).to.deep.equal([]);
    expect(storage.length).to.equal(0);
  });

  it("works in memory alone where the storage is full, switched off or full of something else", async () => {
    const full = Object.assign(new FakeStorage(), { setItem: refuse });
    const off = { length: 3, key: refuse, getItem: refuse, setItem: refuse, removeItem: refuse };
    const strange = new FakeStorage();
    const foreign = ["null", "{", "[]", '{"text":1,"createdAt":2}', '{"text":"x"}', '"x"', ""];
    foreign.forEach((value, index) => strange.setItem(key(`strange-${index}`), value));
    strange.setItem("carillon:outbox:ann:other:room:12345678", '{"text":"x","createdAt":1}');
    strange.setItem("carillon:outbox:ann:lobby", '{"text":"x","createdAt":1}');
    for (const storage of [full, off as unknown as FakeStorage, strange]) {
      const { outbox, clock, log, open } = scene(time.clock, { storage });
      open();
      outbox.live(log.epoch);
      const { id } = outbox.send({ text: "hello" });
      await clock.advance(10);
      expect(await outbox.settled(id)).to.have.property("state", "sent");
      expect(textsOf(log.history)).to.deep.equal(["hello"]);
    }
    expect(strange.length, "what is not ours is left alone").to.equal(foreign.length + 2);
  });

  it("never sends one user's messages as another, and sends them when that user is back", async () => {
    const storage = new FakeStorage();
    const { outbox, clock, log, connection, open } = scene(time.clock, { storage });
    open("ann");
    outbox.live(log.epoch);
    connection.cut();
    const { id } = outbox.send({ text: "ann's" });
    const how = outbox.settled(id);
    open("ann:lobby");
    expect(outbox.outgoing()).to.deep.equal([]);
    expect(await how).to.have.nested.include({ state: "failed", "failure.code": "forbidden" });
    outbox.send({ text: "another's" });
    await clock.advance(10);
    expect(textsOf(log.history)).to.deep.equal(["another's"]);
    connection.cut();
    open("ann");
    await clock.advance(10);
    expect(textsOf(log.history)).to.deep.equal(["another's", "ann's"]);
    expect(storage.length).to.equal(0);
  });
});
