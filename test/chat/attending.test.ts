import { expect } from "chai";
import { startServer } from "../kit/server.ts";
import { askInOrder, caughtUp, entriesOf, range, say, sayAll, seqsOf } from "./scene.ts";

const room = "lobby";

describe("joining again on the same socket", () => {
  it("begins anew: every entry comes once, counted from the last join", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await bob.request("room:join", { room });
    await sayAll(ann, room, ["1", "2"]);
    expect(seqsOf((await bob.request("room:join", { room, since: { epoch, seq: 1 } })).entries)).to.deep.equal([2]);
    bob.forget();
    await sayAll(ann, room, ["3"]);
    await caughtUp(bob);
    expect(seqsOf(entriesOf(bob))).to.deep.equal([3]);
    expect((await bob.request("room:members", { room })).memberCount).to.equal(1);
  });

  it("while still catching up goes on from the new position", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await sayAll(ann, room, Array<string>(300).fill("x".repeat(4000)));
    askInOrder(bob, "room:join", { room, since: { epoch, seq: 0 }, limit: 1 });
    askInOrder(bob, "room:join", { room, since: { epoch, seq: 290 }, limit: 1 });
    await bob.event("message:sent", ({ seq }) => seq === 300);
    await caughtUp(bob);
    const lastAck = bob.heard.findLastIndex(({ name }) => name === "ack");
    const after = bob.heard.slice(lastAck + 1).filter(({ name }) => name === "message:sent");
    expect(seqsOf(after.map(({ payload }) => payload))).to.deep.equal(range(292, 300));
  });
});

describe("attending", () => {
  it("is each socket's own: another tab of the same user hears nothing of it until it joins", async () => {
    await using server = await startServer();
    await using tab = await server.connect("/chat", "ann");
    await using other = await server.connect("/chat", "ann");
    await tab.request("room:join", { room });
    await say(other, room, "hello");
    await caughtUp(tab, other);
    expect(entriesOf(tab)).to.have.length(1);
    expect(entriesOf(other)).to.have.length(0);
  });

  it("is of at most MAX_ROOMS rooms a socket: one more is too large, until one is left", async () => {
    await using server = await startServer({ maxRooms: 2 });
    await using ann = await server.connect("/chat", "ann");
    await ann.request("room:join", { room: "a" });
    await ann.request("room:join", { room: "b" });
    const ack = await ann.ask("room:join", { room: "c" });
    expect(ack).to.deep.include({ ok: false });
    expect(!ack.ok && ack.error).to.deep.include({ code: "too_large", retryable: false, details: { maxRooms: 2 } });
    await ann.request("room:join", { room: "b" });
    await ann.request("room:leave", { room: "a" });
    await ann.request("room:join", { room: "c" });
    await using other = await server.connect("/chat", "ann");
    await other.request("room:join", { room: "d" });
  });

  it("takes no place for a join that was refused", async () => {
    await using server = await startServer({ maxRooms: 1, roomAccess: "closed" });
    await using ann = await server.connect("/chat", "ann", { rooms: ["mine"] });
    for (const n of range(1, 3)) expect(await ann.refusal("room:join", { room: `other-${n}` })).to.equal("forbidden");
    await ann.request("room:join", { room: "mine" });
  });
});

describe("room:leave", () => {
  it("ends this socket's attending alone", async () => {
    await using server = await startServer();
    await using tab = await server.connect("/chat", "ann");
    await using other = await server.connect("/chat", "ann");
    for (const client of [tab, other]) await client.request("room:join", { room });
    expect(await tab.request("room:leave", { room })).to.deep.equal({});
    await say(tab, room, "hello");
    await caughtUp(tab, other);
    expect(entriesOf(tab)).to.have.length(0);
    expect(entriesOf(other)).to.have.length(1);
    expect((await tab.request("room:mine")).rooms, "still a member").to.have.length(1);
    expect(await tab.request("room:leave", { room: "never-joined" })).to.deep.equal({});
  });

  it("ends it also while catching up", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await sayAll(ann, room, Array<string>(300).fill("x".repeat(4000)));
    askInOrder(bob, "room:join", { room, since: { epoch, seq: 0 }, limit: 1 });
    await bob.request("room:leave", { room });
    bob.forget();
    await caughtUp(bob);
    await say(ann, room, "after");
    await caughtUp(bob);
    expect(entriesOf(bob)).to.deep.equal([]);
  });
});

describe("room:quit", () => {
  it("ends the membership, and the attending on every device", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/chat", "ann");
    await using laptop = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    for (const client of [phone, laptop, bob]) await client.request("room:join", { room });
    expect(await phone.request("room:quit", { room })).to.deep.equal({});
    for (const device of [phone, laptop]) expect(await device.event("room:left")).to.deep.equal({ room });
    await say(bob, room, "without ann");
    await caughtUp(phone, laptop, bob);
    expect([...entriesOf(phone), ...entriesOf(laptop)]).to.deep.equal([]);
    expect(entriesOf(bob)).to.have.length(1);
    expect(bob.all("room:left")).to.deep.equal([]);
    expect((await laptop.request("room:mine")).rooms).to.deep.equal([]);
    expect((await bob.request("room:members", { room })).members).to.deep.equal([{ id: "bob", name: "bob" }]);
    await laptop.request("room:join", { room });
    expect((await phone.request("room:mine")).rooms).to.have.length(1);
  });
});
