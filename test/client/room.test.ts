import { expect } from "chai";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { open } from "./connection.ts";
import { cut, isLive, refusal, say, textOf, textsOf, user } from "./room-scene.ts";

describe("a room", () => {
  let server: TestServer;

  before(async () => {
    server = await startServer();
  });

  after(() => server[Symbol.asyncDispose]());

  it("tells the same to a callback, to for await, and in a snapshot with subscribe", async () => {
    await using ann = await user(server, "ann");
    await using bob = await user(server, "bob");
    const [room, other] = [ann.chat.join("uses"), bob.chat.join("uses")];
    const heard: string[] = [];
    const end = room.listen((change) => heard.push(textOf(change)));
    const read = (async () => {
      const all: string[] = [];
      for await (const change of room) {
        all.push(textOf(change));
        if (change.kind === "deleted") break;
      }
      return all;
    })();
    const seen: number[] = [];
    const unsubscribe = room.subscribe(() => seen.push(room.getSnapshot().messages.length));

    await Promise.all([isLive(room), isLive(other)]);
    const seq = await say(other, "hello");
    await other.edit(seq, "hello, Ann");
    await say(room, "hello, Bob");
    await other.remove(seq);

    const told = ["joined", "sent hello", "edited hello, Ann", "sent hello, Bob", "deleted "];
    expect(await read).to.deep.equal(told);
    expect(heard).to.deep.equal(told);
    await eventually(() => seen.at(-1) === 2);
    const [first, second] = room.getSnapshot().messages;
    expect(first).to.include({ seq, kind: "sent" }).and.to.have.property("deletedAt");
    expect(first).not.to.have.any.keys("text", "editedAt");
    expect(second).to.include({ text: "hello, Bob" });
    end();
    unsubscribe();
    await say(other, "and on");
    await eventually(() => textsOf(room).includes("and on"));
    expect(heard).to.have.length(told.length);
  });

  it("gives the same snapshot until something changes, and never changes one in place", async () => {
    await using ann = await user(server, "ann");
    const room = ann.chat.join("snapshots");
    await isLive(room);
    await eventually(() => room.getSnapshot().memberCount === 1);
    const before = room.getSnapshot();
    expect(room.getSnapshot()).to.equal(before);
    await say(room, "one");
    await eventually(() => textsOf(room).length === 1);
    expect(before.messages).to.deep.equal([]);
    expect(room.getSnapshot().members).to.equal(before.members);
  });

  it("goes on where it was after a lost connection, and says meanwhile that it is joining", async () => {
    await using ann = await user(server, "ann");
    await using bob = await user(server, "bob");
    const [room, other] = [ann.chat.join("cuts"), bob.chat.join("cuts")];
    const heard: string[] = [];
    room.listen((change) => heard.push(textOf(change)));
    await Promise.all([isLive(room), isLive(other)]);
    await say(other, "before");
    await eventually(() => heard.length === 2);
    const statuses = new Set<string>();
    room.subscribe(() => statuses.add(room.getSnapshot().status));
    cut(ann);
    await say(other, "meanwhile");
    await eventually(() => textsOf(room).length === 2);
    await isLive(room);
    expect([...statuses]).to.deep.equal(["joining", "live"]);
    expect(heard).to.deep.equal(["joined", "sent before", "sent meanwhile"]);
  });

  it("begins where one has left off, and tells what came since", async () => {
    await using ann = await user(server, "ann");
    const room = ann.chat.join("since");
    await isLive(room);
    for (const text of ["one", "two", "three"]) await say(room, text);
    await eventually(() => textsOf(room).length === 3);
    const [first] = room.getSnapshot().messages;
    room.leave();
    const again = ann.chat.join("since", { since: { epoch: first?.epoch ?? "", seq: first?.seq ?? 0 } });
    const heard: string[] = [];
    again.listen((change) => heard.push(textOf(change)));
    await isLive(again);
    expect(heard).to.deep.equal(["sent two", "sent three"]);
    expect(again.getSnapshot()).to.include({ more: true, head: 3 });
    await again.readMore();
    expect(textsOf(again)).to.deep.equal(["one", "two", "three"]);
    expect(again.getSnapshot().more).to.equal(false);
  });

  it("reads what came before page by page, one page at a time", async () => {
    await using ann = await user(server, "ann");
    const room = ann.chat.join("pages");
    await isLive(room);
    for (let count = 1; count <= 7; count++) await say(room, `${count}`);
    room.leave();
    const again = ann.chat.join("pages", { limit: 2 });
    await isLive(again);
    expect(textsOf(again)).to.deep.equal(["6", "7"]);
    await Promise.all([again.readMore(3), again.readMore(3)]);
    expect(textsOf(again)).to.deep.equal(["3", "4", "5", "6", "7"]);
    expect(again.getSnapshot().more).to.equal(true);
    await again.readMore(3);
    expect(textsOf(again)).to.have.length(7);
    expect(again.getSnapshot().more).to.equal(false);
    await again.readMore();
    await again.edit(1, "first");
    await eventually(() => textsOf(again)[0] === "first");
  });

  it("says at once that there is no connection, where something cannot wait for one", async () => {
    const room = open({ url: "http://127.0.0.1:1", token: "none" });
    await using _ = room;
    const offline = room.chat.join("offline");
    for (const request of [
      offline.edit(1, "x"),
      offline.remove(1),
      offline.readMore(),
      offline.kick("bob"),
      offline.quit(),
    ])
      expect(await refusal(request)).to.include({ code: "unavailable", retryable: true });
    offline.setTyping(true);
    offline.markRead();
    expect(offline.getSnapshot()).to.include({ status: "joining", head: 0, unread: 0 });
  });

  it("is left for this connection, or quit on all devices, and ends for whoever listens", async () => {
    await using ann = await user(server, "ann");
    await using phone = await user(server, "ann");
    const [room, mobile] = [ann.chat.join("leaving"), phone.chat.join("leaving")];
    await Promise.all([isLive(room), isLive(mobile)]);
    room.leave();
    room.leave();
    expect(room.getSnapshot()).to.include({ status: "left" });
    const again = ann.chat.join("leaving");
    expect(again).not.to.equal(room);
    await isLive(again);
    const iterator = again[Symbol.asyncIterator]();
    await again.quit();
    expect(await iterator.next()).to.deep.equal({ done: true, value: undefined });
    expect(again.getSnapshot().status).to.equal("left");
    await eventually(() => mobile.getSnapshot().status === "left");
    const { rooms } = await ann.chat.channel.request("room:mine", {});
    expect(rooms.map(({ room: id }) => id)).not.to.include("leaving");
  });

  it("is refused where the connection is, and for the same reason", async () => {
    await using stranger = open({ url: server.url, token: "no token at all" });
    const room = stranger.chat.join("strange");
    await eventually(() => room.getSnapshot().status === "refused");
    expect(room.getSnapshot().failure?.code).to.equal("unauthorized");
  });

  it("ends with the connection", async () => {
    const ann = await user(server, "ann");
    const room = ann.chat.join("closing");
    await isLive(room);
    const next = room[Symbol.asyncIterator]().next();
    await ann[Symbol.asyncDispose]();
    expect(await next).to.deep.equal({ done: true, value: undefined });
    expect(room.getSnapshot().status).to.equal("left");
  });

  it("takes a deletion that is asked for twice for done", async () => {
    await using ann = await user(server, "ann");
    const room = ann.chat.join("twice");
    await isLive(room);
    const seq = await say(room, "one");
    await room.remove(seq);
    await room.remove(seq);
    await eventually(() => room.getSnapshot().messages[0]?.deletedAt !== undefined);
    expect(await refusal(room.edit(seq, "x"))).to.include({ code: "not_found", retryable: false });
  });
});
