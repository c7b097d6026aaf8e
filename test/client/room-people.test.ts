import { expect } from "chai";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { cut, isLive, refusal, say, user } from "./room-scene.ts";

describe("a room and its people", () => {
  let server: TestServer;

  before(async () => {
    server = await startServer();
  });

  after(() => server[Symbol.asyncDispose]());

  it("counts what is unread, over both of one's devices", async () => {
    await using ann = await user(server, "ann");
    await using phone = await user(server, "ann");
    await using bob = await user(server, "bob");
    const [room, other, mobile] = [ann, bob, phone].map(({ chat }) => chat.join("unread"));
    if (!room || !other || !mobile) throw new Error("no rooms");
    await Promise.all([room, other, mobile].map(isLive));
    const seqs: number[] = [];
    for (const text of ["one", "two", "three"]) seqs.push(await say(other, text));
    await say(room, "mine");
    const unread = (expected: number) =>
      eventually(() => [room, mobile].every((each) => each.getSnapshot().unread === expected));
    await unread(3);
    await other.remove(seqs[2] ?? 0);
    await unread(2);
    mobile.markRead(seqs[0]);
    await unread(1);
    expect(room.getSnapshot().marker).to.equal(seqs[0]);
    await eventually(() => other.getSnapshot().markers.get("ann") === seqs[0]);
    room.markRead(10_000);
    await unread(0);
    expect(mobile.getSnapshot().marker).to.equal(room.getSnapshot().head);
    mobile.markRead(1);
    expect(mobile.getSnapshot().marker).to.equal(room.getSnapshot().head);
  });

  it("tells the server what was read offline when it is back", async () => {
    await using ann = await user(server, "ann");
    await using bob = await user(server, "bob");
    const [room, other] = [ann.chat.join("read-offline"), bob.chat.join("read-offline")];
    await Promise.all([isLive(room), isLive(other)]);
    const seq = await say(other, "one");
    await eventually(() => room.getSnapshot().unread === 1);
    cut(ann);
    await eventually(() => room.getSnapshot().status === "joining");
    room.markRead();
    expect(room.getSnapshot()).to.include({ marker: seq, unread: 0 });
    await eventually(() => other.getSnapshot().markers.get("ann") === seq);
    expect(room.getSnapshot()).to.include({ status: "live", marker: seq, unread: 0 });
  });

  it("counts exactly what is unread once it has read that far back", async () => {
    await using ann = await user(server, "ann");
    await using bob = await user(server, "bob");
    const other = bob.chat.join("far");
    await isLive(other);
    for (let count = 1; count <= 6; count++) await say(other, `${count}`);
    const room = ann.chat.join("far", { limit: 2 });
    await isLive(room);
    expect(room.getSnapshot().unread).to.equal(6);
    // Of a message that is not here, nobody can say whose it was: the server is asked.
    await other.remove(2);
    await eventually(() => room.getSnapshot().unread === 5);
    await say(other, "7");
    await eventually(() => room.getSnapshot().unread === 6);
    await room.readMore();
    expect(room.getSnapshot()).to.include({ unread: 6, more: false });
  });

  it("knows who is there, by name, and who types", async () => {
    await using ann = await user(server, "ann");
    await using proto = await user(server, "__proto__", { name: "Zed" });
    const room = ann.chat.join("people");
    await isLive(room);
    const other = proto.chat.join("people");
    const names = () => room.getSnapshot().members.map(({ name }) => name);
    await eventually(() => names().length === 2);
    expect(names()).to.deep.equal(["ANN", "Zed"]);
    expect(room.getSnapshot().memberCount).to.equal(2);
    await isLive(other);
    other.setTyping(true);
    await eventually(() => room.getSnapshot().typing.length === 1);
    expect(room.getSnapshot().typing).to.deep.equal(["__proto__"]);
    expect(other.getSnapshot().typing).to.deep.equal([]);
    other.send("done");
    await eventually(() => room.getSnapshot().typing.length === 0);
    other.setTyping(true);
    await eventually(() => room.getSnapshot().typing.length === 1);
    other.leave();
    await eventually(() => names().length === 1);
    expect(room.getSnapshot().typing).to.deep.equal([]);
  });

  it("is refused to whoever is sent away, until it is joined again", async () => {
    await using ann = await user(server, "ann");
    await using mod = await user(server, "mod", { roles: ["moderator"] });
    const [room, other] = [ann.chat.join("kicks"), mod.chat.join("kicks")];
    await Promise.all([isLive(room), isLive(other)]);
    const read = (async () => {
      for await (const _ of room);
      return "ended";
    })();
    await other.kick("ann", { reason: "noise" });
    await eventually(() => room.getSnapshot().status === "refused");
    expect(room.getSnapshot().failure).to.deep.include({ code: "forbidden", details: { reason: "noise" } });
    expect(await read).to.equal("ended");
    const again = ann.chat.join("kicks");
    expect(again).not.to.equal(room);
    await isLive(again);
    await other.ban("ann");
    await eventually(() => again.getSnapshot().failure?.code === "banned");
    const banned = ann.chat.join("kicks");
    await eventually(() => banned.getSnapshot().status === "refused");
    expect(banned.getSnapshot().failure?.code).to.equal("banned");
    await other.unban("ann");
    banned.leave();
    await isLive(ann.chat.join("kicks"));
  });

  it("knows whether one is muted: from being told, from its join, and from being refused", async () => {
    await using ann = await user(server, "ann");
    await using mod = await user(server, "mod", { roles: ["moderator"] });
    const [room, other] = [ann.chat.join("mutes"), mod.chat.join("mutes")];
    await Promise.all([isLive(room), isLive(other)]);
    const muted = () => room.getSnapshot().muted;
    await other.mute("ann");
    await eventually(() => muted() !== undefined);
    expect(muted()).to.deep.equal({});
    await other.unmute("ann");
    await eventually(() => muted() === undefined);

    room.leave();
    await other.mute("ann", { forSec: 60 });
    const again = ann.chat.join("mutes");
    await isLive(again);
    expect(again.getSnapshot().muted?.untilAt).to.be.within(Date.now() + 50_000, Date.now() + 60_000);
    const failed = await again.settled(again.send("may I?").id);
    expect(failed.failure?.code).to.equal("muted");
    await other.unmute("ann");
    await eventually(() => again.getSnapshot().muted === undefined);
    const seq = await say(other, "you may");
    await other.mute("ann");
    await eventually(() => again.getSnapshot().muted !== undefined);
    expect(await refusal(again.edit(seq, "x"))).to.include({ code: "muted" });
  });
});
