import { expect } from "chai";
import { RequestError } from "../../client/failure.ts";
import { type Fate } from "./fake-log.ts";
import { scene, sendAll, statesOf, textsOf } from "./outbox-scene.ts";
import { useTime } from "./time.ts";

const within = (low: number, high: number) => (ms: number) => ms >= low - 20 && ms <= high + 20;

function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("the outbox of a room", () => {
  const time = useTime();

  it("sends nothing before it knows the room's log, and then one at a time, in order", async () => {
    const { outbox, clock, log, connection, open } = scene(time.clock);
    const sent = sendAll(outbox, "one", "two", "three");
    open();
    await clock.advance(100);
    expect(connection.requests).to.deep.equal([]);
    outbox.live(log.epoch);
    await clock.advance(1);
    expect(connection.flying).to.equal(1);
    await clock.advance(20);
    expect(textsOf(log.history)).to.deep.equal(["one", "two", "three"]);
    expect(await outbox.settled(sent[2]!.id)).to.deep.include({ state: "sent", epoch: log.epoch, seq: 3 });
  });

  it("gives each message an id of 24 hexadecimal digits, and its own copy of what was written", async () => {
    const { outbox, clock, log, open } = scene(time.clock);
    const data = { answer: 42 };
    const [first, second] = [
      outbox.send({ text: "one", data }),
      outbox.send({ text: "two", replyTo: 1, type: "note" }),
    ];
    data.answer = 43;
    expect(first.id).to.match(/^[0-9a-f]{24}$/);
    expect(second.id).to.not.equal(first.id);
    expect(second.createdAt).to.be.greaterThan(first.createdAt);
    expect(first.data).to.deep.equal({ answer: 42 });
    open();
    outbox.live(log.epoch);
    await clock.advance(20);
    expect(first.state, "what was given away").to.equal("pending");
    expect(statesOf(outbox)).to.deep.equal(["sent", "sent"]);
  });

  it("takes 100 that wait, and no more", async () => {
    const { outbox, clock, log, open } = scene(time.clock);
    for (let n = 0; n < 100; n++) outbox.send({ text: String(n) });
    const error = thrown(() => outbox.send({ text: "one too many" }));
    expect(error).to.be.instanceOf(RequestError).with.property("code", "too_large");
    open();
    outbox.live(log.epoch);
    await clock.advance(5);
    expect(outbox.send({ text: "one fits again" }).state).to.equal("pending");
  });

  it("sends again under the same id what got no answer, until it is known to be stored: once", async () => {
    const fates: Fate[] = ["answer lost", "timeout", "unavailable", "internal", "lost"];
    const { outbox, clock, log, connection, open } = scene(time.clock, { fates });
    open();
    outbox.live(log.epoch);
    const { id } = outbox.send({ text: "hello" });
    await clock.advance(100);
    expect(statesOf(outbox), "it may be stored, and nobody knows").to.deep.equal(["pending"]);
    await clock.advance(300_000);
    expect(await outbox.settled(id)).to.include({ state: "sent", seq: 1 });
    expect(log.history).to.have.length(1);
    expect(connection.requests).to.have.length(6);
    for (const asked of connection.requests) expect(asked).to.deep.equal(connection.requests[0]);
  });

  it("waits longer from one failure to the next, 30 s at the most, and not at all once it is connected again", async () => {
    const fates: Fate[] = Array.from({ length: 8 }, () => "lost" as const);
    const { outbox, clock, log, connection, open } = scene(time.clock, { fates });
    open();
    outbox.live(log.epoch);
    outbox.send({ text: "hello" });
    const waits: number[] = [];
    for (let tries = 1; tries <= 7; tries++) {
      await clock.advance(6);
      const since = clock.now();
      while (connection.requests.length === tries) await clock.advance(10);
      waits.push(clock.now() - since);
    }
    expect(waits[0]).to.satisfy(within(1_000, 2_000));
    expect(waits[1]).to.satisfy(within(2_000, 4_000));
    expect(waits.slice(4).every(within(15_000, 30_000)), String(waits)).to.equal(true);
    await clock.advance(6);
    connection.cut();
    await clock.advance(60_000);
    expect(connection.requests, "nothing is tried offline").to.have.length(8);
    open();
    await clock.advance(6);
    expect(log.history).to.have.length(1);
  });

  it("fails what is refused for good, with the reason, and goes on with the next", async () => {
    const { outbox, clock, log, open } = scene(time.clock, { fates: ["muted", "answered"] });
    open();
    outbox.live(log.epoch);
    const [first] = sendAll(outbox, "one", "two");
    await clock.advance(20);
    expect(textsOf(log.history)).to.deep.equal(["two"]);
    expect(await outbox.settled(first!.id)).to.have.nested.include({ state: "failed", "failure.code": "muted" });
    expect(statesOf(outbox)).to.deep.equal(["failed", "sent"]);
  });

  it("keeps what only lacks a token that is taken", async () => {
    const { outbox, clock, log, connection, open } = scene(time.clock, { fates: ["token_expired"] });
    open();
    outbox.live(log.epoch);
    outbox.send({ text: "hello" });
    await clock.advance(10);
    connection.cut();
    expect(statesOf(outbox)).to.deep.equal(["pending"]);
    open();
    await clock.advance(10);
    expect(statesOf(outbox)).to.deep.equal(["sent"]);
  });

  it("tries a failed one again as a new one, at the end", async () => {
    const { outbox, clock, log, connection, open } = scene(time.clock, { fates: ["muted"] });
    open();
    outbox.live(log.epoch);
    const [failed] = sendAll(outbox, "one", "two");
    await clock.advance(20);
    connection.cut();
    outbox.send({ text: "three" });
    await clock.advance(1_000);
    const again = outbox.retry(failed!.id);
    expect(again).to.deep.include({ text: "one", state: "pending" });
    expect(again).to.not.have.property("failure");
    expect(again.id).to.not.equal(failed!.id);
    expect(again.createdAt).to.be.greaterThan(failed!.createdAt);
    open();
    await clock.advance(20);
    expect(textsOf(log.history)).to.deep.equal(["two", "three", "one"]);
    expect(thrown(() => outbox.retry(failed!.id))).to.be.instanceOf(RangeError);
    expect(thrown(() => outbox.retry(again.id))).to.be.instanceOf(RangeError);
  });

  it("says of an unknown id that there is none", async () => {
    const { outbox } = scene(time.clock);
    expect(await outbox.settled("nobody").catch((error: unknown) => error)).to.be.instanceOf(RangeError);
  });
});

describe("a message whose room was reset", () => {
  const time = useTime();

  it("fails with conflict rather than being stored a second time", async () => {
    const { outbox, clock, log, connection, open } = scene(time.clock, { fates: ["answer lost"] });
    open();
    outbox.live(log.epoch);
    const { id } = outbox.send({ text: "hello" });
    await clock.advance(10);
    connection.cut();
    log.reset();
    open();
    outbox.live(log.epoch);
    await clock.advance(10);
    expect(await outbox.settled(id)).to.have.nested.include({ state: "failed", "failure.code": "conflict" });
    expect(log.history).to.have.length(1);
    outbox.retry(id);
    await clock.advance(10);
    expect(log.entries).to.have.length(1);
  });

  it("is the same where it waited for its turn; what is written afterwards is sent", async () => {
    const { outbox, clock, log, connection, open } = scene(time.clock);
    open();
    outbox.live(log.epoch);
    connection.cut();
    outbox.send({ text: "before" });
    log.reset();
    open();
    await clock.advance(10);
    outbox.live(log.epoch);
    outbox.send({ text: "after" });
    await clock.advance(10);
    expect(statesOf(outbox)).to.deep.equal(["failed", "sent"]);
    expect(textsOf(log.entries)).to.deep.equal(["after"]);
  });

  it("belongs to the first log it meets, where none was known when it was written", async () => {
    const { outbox, clock, log, open } = scene(time.clock, { fates: ["lost"] });
    outbox.send({ text: "hello" });
    open();
    outbox.live(log.epoch);
    await clock.advance(10);
    log.reset();
    outbox.live(log.epoch);
    await clock.advance(10_000);
    expect(outbox.outgoing()[0]).to.have.nested.property("failure.code", "conflict");
  });

  it("is told apart from one that was trimmed: too late where it was tried before, and only there", async () => {
    const { outbox, clock, log, connection, open } = scene(time.clock, { fates: ["answer lost"] });
    open();
    outbox.live(log.epoch);
    const [tried, untried] = sendAll(outbox, "tried", "not tried");
    await clock.advance(10);
    connection.cut();
    await clock.advance(10);
    log.trim();
    await clock.advance(10);
    open();
    await clock.advance(20);
    expect(await outbox.settled(tried!.id)).to.have.nested.property("failure.code", "too_late");
    expect(await outbox.settled(untried!.id)).to.have.property("state", "sent");
    expect(log.history).to.have.length(2);
  });
});

describe("a message that is discarded", () => {
  const time = useTime();

  it("is gone where it was never sent", async () => {
    const { outbox, clock, log, connection, open } = scene(time.clock);
    open();
    outbox.live(log.epoch);
    connection.cut();
    const [first, second] = sendAll(outbox, "one", "two");
    const how = outbox.settled(first!.id);
    outbox.discard(first!.id);
    expect(outbox.outgoing()).to.deep.equal([second]);
    expect(await how).to.have.nested.include({ state: "failed", "failure.code": "not_found" });
    open();
    await clock.advance(20);
    expect(textsOf(log.history)).to.deep.equal(["two"]);
  });

  it("is not sent again where it was, and yet it is told what came of it", async () => {
    for (const [fate, state] of [
      ["lost", "failed"],
      ["answer lost", "sent"],
    ] as const) {
      const { outbox, clock, log, connection, open } = scene(time.clock, { fates: [fate] });
      open();
      outbox.live(log.epoch);
      const { id } = outbox.send({ text: "hello" });
      await clock.advance(10);
      const how = outbox.settled(id);
      outbox.discard(id);
      expect(outbox.outgoing()).to.deep.equal([]);
      connection.cut();
      open();
      await clock.advance(10);
      expect(await how).to.have.property("state", state);
      expect(log.history, fate).to.have.length(state === "sent" ? 1 : 0);
    }
  });

  it("is forgotten where it has failed", async () => {
    const { outbox, clock, log, open } = scene(time.clock, { fates: ["muted"] });
    open();
    outbox.live(log.epoch);
    const { id } = outbox.send({ text: "hello" });
    await clock.advance(10);
    outbox.discard(id);
    expect(outbox.outgoing()).to.deep.equal([]);
    expect(await outbox.settled(id)).to.have.nested.property("failure.code", "muted");
  });
});

describe("a message that was sent", () => {
  const time = useTime();

  it("stays until the room shows it, also where it does so before the answer", async () => {
    const { outbox, clock, log, open } = scene(time.clock);
    open();
    outbox.live(log.epoch);
    const [first, second] = sendAll(outbox, "one", "two");
    await clock.advance(6);
    expect(statesOf(outbox)).to.deep.equal(["sent", "pending"]);
    outbox.shown(first!.id);
    expect(textsOf(outbox.outgoing())).to.deep.equal(["two"]);
    outbox.shown(second!.id);
    expect(outbox.outgoing()).to.deep.equal([]);
    await clock.advance(10);
    expect((await outbox.settled(second!.id)).seq).to.equal(2);
  });

  it("goes where the room is past it, where its log is lost, and where nobody attends", async () => {
    const { outbox, clock, log, open, leave } = scene(time.clock);
    open();
    outbox.live(log.epoch);
    sendAll(outbox, "one", "two", "three");
    await clock.advance(20);
    outbox.told(log.epoch, 2);
    expect(textsOf(outbox.outgoing())).to.deep.equal(["three"]);
    log.reset();
    outbox.told(log.epoch, 0);
    outbox.live(log.epoch);
    expect(outbox.outgoing()).to.deep.equal([]);
    sendAll(outbox, "four", "five");
    await clock.advance(6);
    expect(statesOf(outbox)).to.deep.equal(["sent", "pending"]);
    leave();
    expect(textsOf(outbox.outgoing())).to.deep.equal(["five"]);
    await clock.advance(10);
  });
});
