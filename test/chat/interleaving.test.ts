import { expect } from "chai";
import { eventually } from "../kit/wait.ts";
import { askInOrder, caughtUp, entriesOf, failureOf, say, sayAll, seqsOf } from "./scene.ts";
import { SlowScene } from "./slow-scene.ts";

const room = "lobby";

/** All that a join asks of the stores, in its order; of presence also as one that is slow to carry it out. */
const STEPS = [
  "rooms.isMember",
  "roomLog.subscribe",
  "roomLog.head",
  "before presence.enter",
  "presence.enter",
  "rooms.marker",
  "roomLog.messages",
  "rooms.list",
  "roomLog.count",
  "rooms.addMember",
];

async function attending({ stores: { presence } }: SlowScene) {
  return (await presence.attending(room, 10)).members.map(({ id }) => id);
}

/** What is left of somebody who was to be gone for good. */
async function tracesOf(scene: SlowScene) {
  const { rooms } = scene.stores;
  await scene.clock.advance(10_000);
  return {
    attending: await attending(scene),
    subscriptions: scene.subscriptions,
    member: await rooms.isMember(room, "ann"),
    sockets: scene.io.of("/chat").adapter.rooms.get(`room:${room}`)?.size ?? 0,
  };
}

describe("a join that waits for a slow store", () => {
  for (const step of STEPS) {
    it(`is ended by a kick, and stays ended: at ${step}`, async () => {
      await using scene = await new SlowScene().listen();
      await using ann = await scene.connect("ann");
      await using moderator = await scene.connect("mod");
      await moderator.request("member:add", { room, user: "ann" });
      const { reached, answer } = scene.delay(step);
      const failure = failureOf(ann, "room:join", { room });
      await reached;
      await moderator.request("member:kick", { room, user: "ann" });
      answer();
      expect(await failure).to.include({ code: "forbidden" });
      expect(await attending(scene)).to.deep.equal([]);
      expect(await tracesOf(scene)).to.deep.equal({ attending: [], subscriptions: 0, member: false, sockets: 0 });
    });

    it(`leaves nothing behind when its connection is lost: at ${step}`, async () => {
      await using scene = await new SlowScene().listen();
      await using ann = await scene.connect("ann");
      await scene.stores.rooms.addMember(room, "ann");
      const { reached, answer } = scene.delay(step);
      ann.socket.emit("room:join", { room });
      await reached;
      ann.socket.io.engine.close();
      await eventually(() => scene.io.of("/chat").sockets.size === 0);
      answer();
      await scene.clock.advance(0);
      expect(await tracesOf(scene)).to.deep.equal({ attending: [], subscriptions: 0, member: true, sockets: 0 });
    });

    it(`leaves nothing behind when the store fails, and can be tried again: at ${step}`, async () => {
      await using scene = await new SlowScene().listen();
      await using ann = await scene.connect("ann");
      await scene.stores.rooms.addMember(room, "ann");
      const { answer } = scene.delay(step, new Error("the store is out"));
      answer();
      expect(await failureOf(ann, "room:join", { room })).to.include({ code: "internal" });
      expect(await tracesOf(scene)).to.deep.equal({ attending: [], subscriptions: 0, member: true, sockets: 0 });
      expect(await ann.request("room:join", { room })).to.include({ memberCount: 1 });
    });
  }

  it("does not begin once its connection is lost: the other rooms of a rooms:join", async () => {
    await using scene = await new SlowScene().listen();
    await using ann = await scene.connect("ann");
    for (const id of ["a", room]) await scene.stores.rooms.addMember(id, "ann");
    const { reached, answer } = scene.delay("rooms.marker");
    ann.socket.emit("rooms:join", { rooms: [{ room: "a" }, { room }] });
    await reached;
    ann.socket.io.engine.close();
    await eventually(() => scene.io.of("/chat").sockets.size === 0);
    answer();
    await scene.clock.advance(0);
    expect(await tracesOf(scene)).to.deep.equal({ attending: [], subscriptions: 0, member: true, sockets: 0 });
  });
});

describe("typing:set that waits for a slow store", () => {
  it("is not told of somebody who is gone meanwhile", async () => {
    await using scene = await new SlowScene().listen();
    await using ann = await scene.connect("ann");
    await using bob = await scene.connect("bob");
    for (const user of ["ann", "bob"]) await scene.stores.rooms.addMember(room, user);
    await bob.request("room:join", { room });
    const { reached, answer } = scene.delay("presence.attending");
    ann.socket.emit("typing:set", { room, typing: true });
    await reached;
    ann.socket.io.engine.close();
    await eventually(() => scene.io.of("/chat").sockets.size === 1);
    answer();
    await scene.clock.advance(0);
    await caughtUp(bob);
    expect(bob.all("typing:changed")).to.deep.equal([]);
  });
});

describe("a kick that waits for a slow store", () => {
  it("puts sockets out at once, and ends also the membership that a join under way puts back", async () => {
    await using scene = await new SlowScene().listen();
    await using ann = await scene.connect("ann");
    await using moderator = await scene.connect("mod");
    await moderator.request("member:add", { room, user: "ann" });
    const joining = scene.delay("rooms.list");
    const kicking = scene.delay("rooms.removeMember");
    const joined = ann.ask("room:join", { room });
    await joining.reached;
    const kicked = moderator.request("member:kick", { room, user: "ann" });
    await kicking.reached;
    await ann.event("member:removed");
    joining.answer();
    expect((await joined).ok, "the order holds although the store is slow").to.equal(false);
    kicking.answer();
    await kicked;
    expect(await tracesOf(scene)).to.deep.equal({ attending: [], subscriptions: 0, member: false, sockets: 0 });
  });
});

describe("a socket that attends", () => {
  it("goes on attending when joining again fails, without missing anything", async () => {
    await using scene = await new SlowScene().listen();
    await using ann = await scene.connect("ann");
    await using bob = await scene.connect("bob");
    for (const user of ["ann", "bob"]) await scene.stores.rooms.addMember(room, user);
    await ann.request("room:join", { room });
    await say(bob, room, "1");
    const { reached, answer } = scene.delay("rooms.marker", new Error("the store is out"));
    const failure = failureOf(ann, "room:join", { room });
    await reached;
    await say(bob, room, "2");
    answer();
    await failure;
    await say(bob, room, "3");
    await ann.event("message:sent", ({ seq }) => seq === 3);
    expect(seqsOf(entriesOf(ann))).to.deep.equal([1, 2, 3]);
    expect((await scene.stores.presence.attending(room, 10)).memberCount).to.equal(1);
  });
});

describe("rooms:join over a slow store", () => {
  it("sends no entry of a room that is granted already before the ack of them all", async () => {
    await using scene = await new SlowScene().listen();
    await using ann = await scene.connect("ann");
    await using bob = await scene.connect("bob");
    for (const user of ["ann", "bob"]) {
      for (const id of ["a", "b"]) await scene.stores.rooms.addMember(id, user);
    }
    const { epoch } = await say(bob, "a", "1");
    const { reached, answer } = scene.delay("roomLog.messages");
    const rooms = [{ room: "a", since: { epoch, seq: 0 } }, { room: "b" }];
    askInOrder(ann, "rooms:join", { rooms, limit: 1 });
    await reached;
    await say(bob, "a", "2");
    answer();
    await ann.event("message:sent");
    const names = ann.heard.map(({ name }) => name);
    expect(names.filter((name) => name === "ack" || name === "message:sent")).to.deep.equal(["ack", "message:sent"]);
    expect(seqsOf(entriesOf(ann))).to.deep.equal([2]);
  });
});

describe("room:reset", () => {
  it("tells those who attend, and who are catching up, that the log was lost; all of the new epoch follows", async () => {
    await using scene = await new SlowScene().listen();
    await using ann = await scene.connect("ann");
    await using bob = await scene.connect("bob");
    for (const user of ["ann", "bob"]) await scene.stores.rooms.addMember(room, user);
    const { epoch: lost } = await sayAll(bob, room, ["1", "2", "3"]);
    await bob.request("room:join", { room });
    const { reached, answer } = scene.delay("rooms.addMember");
    askInOrder(ann, "room:join", { room, since: { epoch: lost, seq: 0 }, limit: 1 });
    await reached;
    scene.loseLogs();
    const { epoch } = await sayAll(bob, room, ["new 1", "new 2"]);
    expect(epoch).to.not.equal(lost);
    answer();
    for (const client of [ann, bob]) {
      await client.event("message:sent", (entry) => entry.epoch === epoch && entry.seq === 2);
      expect(client.all("room:reset")).to.deep.equal([{ room, epoch, head: 0 }]);
      const reset = client.heard.findIndex(({ name }) => name === "room:reset");
      const after = client.heard.slice(reset + 1).filter(({ name }) => name === "message:sent");
      expect(seqsOf(after.map(({ payload }) => payload))).to.deep.equal([1, 2]);
    }
    const [ack] = ann.all("ack");
    expect(ack.data).to.include({ epoch: lost, head: 3, recovered: true });
  });
});
