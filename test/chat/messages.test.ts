import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { startServer } from "../kit/server.ts";
import { caughtUp, entriesOf, freshId, range, say, sayAll, seqsOf, textsOf } from "./scene.ts";

describe("message:send", () => {
  it("is acknowledged with the message's place, and told as an entry to all who attend, the sender too", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann", { name: "Ann" });
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await ann.request("room:join", { room: "lobby" });
    await bob.request("room:join", { room: "lobby" });

    const stored = await ann.request("message:send", { id: "message-1", room: "lobby", text: "hello" });
    expect(stored).to.deep.equal({ epoch, seq: 1, at: clock.now(), duplicate: false });
    const entry = {
      room: "lobby",
      epoch,
      seq: 1,
      kind: "sent",
      id: "message-1",
      from: { id: "ann", name: "Ann" },
      at: clock.now(),
      text: "hello",
    };
    expect(await bob.event("message:sent")).to.deep.equal(entry);
    expect(await ann.event("message:sent")).to.deep.equal(entry);
  });

  it("numbers the entries of each room 1, 2, 3, … by itself", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (const seq of [1, 2, 3]) {
      expect((await say(ann, "lobby", "in the lobby")).seq).to.equal(seq);
      expect((await say(ann, "attic", "in the attic")).seq).to.equal(seq);
    }
  });

  it("keeps type, data and replyTo as they were sent", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await ann.request("room:join", { room: "lobby" });
    await say(ann, "lobby", "first");
    const extras = { type: "poll.v1", data: { options: ["a", "b"], open: true, n: 1.5, none: null }, replyTo: 1 };
    await say(ann, "lobby", "second", extras);
    expect(await ann.event("message:sent", ({ seq }) => seq === 2)).to.include({ type: "poll.v1", replyTo: 1 });
    const { entries } = await ann.request("history:read", { room: "lobby" });
    expect(entries[1]).to.deep.include(extras);
    expect(entries[0]).to.not.have.any.keys("type", "data", "replyTo");
  });

  it("drops fields that it does not know", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const forged = { seq: 99, from: { id: "bob", name: "Bob" }, deletedAt: 1, kind: "deleted" };
    await say(ann, "lobby", "hello", forged);
    const { entries } = await ann.request("history:read", { room: "lobby" });
    expect(entries[0]).to.deep.include({ seq: 1, from: { id: "ann", name: "ann" }, kind: "sent" });
    expect(entries[0]).to.not.have.property("deletedAt");
  });

  it("takes effect in the order sent, without waiting for acks", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await Promise.all(range(1, 50).map((n) => say(ann, "lobby", `${n}`)));
    const { entries } = await ann.request("history:read", { room: "lobby" });
    expect(textsOf(entries)).to.deep.equal(range(1, 50).map(String));
  });
});

describe("the id of a message", () => {
  it("is stored and told once: the first reply comes back, from whichever device, whatever the text", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/chat", "ann");
    await using laptop = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room: "lobby" });

    const first = await phone.request("message:send", { id: "message-1", room: "lobby", text: "one" });
    for (const client of [phone, laptop]) {
      const again = await client.request("message:send", { id: "message-1", room: "lobby", text: "two" });
      expect(again).to.deep.equal({ ...first, duplicate: true });
    }
    await caughtUp(bob);
    expect(textsOf(entriesOf(bob))).to.deep.equal(["one"]);
  });

  it("is stored once however many send it at the same time", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/chat", "ann");
    await using laptop = await server.connect("/chat", "ann");
    const input = { id: "message-1", room: "lobby", text: "hello" };
    const replies = await Promise.all([phone, laptop, phone, laptop].map((c) => c.request("message:send", input)));
    expect(replies.filter(({ duplicate }) => !duplicate)).to.have.length(1);
    expect(new Set(seqsOf(replies))).to.deep.equal(new Set([1]));
    expect((await phone.request("history:read", { room: "lobby" })).entries).to.have.length(1);
  });

  it("is one over send, edit and delete", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const room = "lobby";
    const sent = await ann.request("message:send", { id: "the-sending", room, text: "one" });
    const edited = await ann.request("message:edit", { id: "the-edit-1", room, target: 1, text: "two" });
    const deleted = await ann.request("message:delete", { id: "the-delete", room, target: 1 });
    const firsts = { "the-sending": sent, "the-edit-1": edited, "the-delete": deleted };
    for (const [id, first] of Object.entries(firsts)) {
      const again = { ...first, duplicate: true };
      expect(await ann.request("message:send", { id, room, text: "three" })).to.deep.equal(again);
      expect(await ann.request("message:edit", { id, room, target: 77, text: "three" })).to.deep.equal(again);
      expect(await ann.request("message:delete", { id, room, target: 77 })).to.deep.equal(again);
    }
  });

  it("is another one for another user, and in another room", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const input = { id: "message-1", room: "lobby", text: "hello" };
    expect(await ann.request("message:send", input)).to.include({ seq: 1, duplicate: false });
    expect(await bob.request("message:send", input)).to.include({ seq: 2, duplicate: false });
    expect(await ann.request("message:send", { ...input, room: "attic" })).to.include({ seq: 1, duplicate: false });
  });

  it("is known for as long as the entry is in the log", async () => {
    await using server = await startServer({ historySize: 3 });
    await using ann = await server.connect("/chat", "ann");
    const input = { id: "message-1", room: "lobby", text: "hello" };
    await ann.request("message:send", input);
    await sayAll(ann, "lobby", ["2", "3"]);
    expect(await ann.request("message:send", input)).to.include({ seq: 1, duplicate: true });
    await say(ann, "lobby", "4");
    expect(await ann.request("message:send", input)).to.include({ seq: 5, duplicate: false });
  });

  for (const action of ["mute", "ban", "kick"] as const) {
    it(`is answered before any other check: after a ${action}`, async () => {
      await using server = await startServer();
      await using ann = await server.connect("/chat", "ann");
      await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
      const input = { id: "message-1", room: "lobby", text: "hello" };
      const first = await ann.request("message:send", input);
      await moderator.request(`member:${action}`, { room: "lobby", user: "ann", forSec: 60 });
      expect(await ann.refusal("message:send", { ...input, id: freshId() })).to.be.oneOf(["muted", "banned"]);
      expect(await ann.request("message:send", input)).to.deep.equal({ ...first, duplicate: true });
      const edit = { id: "message-1", room: "lobby", target: 9, text: "x" };
      expect(await ann.request("message:edit", edit)).to.deep.equal({ ...first, duplicate: true });
    });
  }

  it("is answered before any other check: without access any more, of another epoch, too late", async () => {
    const clock = fakeClock();
    await using server = await startServer({ roomAccess: "closed", historySize: 1, clock });
    await using before = await server.connect("/chat", "ann", { rooms: ["team-*"] });
    await using after = await server.connect("/chat", "ann");
    await say(before, "team-a", "trimmed");
    await clock.advance(1000);
    const input = { id: "message-1", room: "team-a", text: "hello" };
    const first = { ...(await before.request("message:send", input)), duplicate: true };

    expect(await after.refusal("message:send", { ...input, id: freshId() })).to.equal("forbidden");
    expect(await after.request("message:send", input)).to.deep.equal(first);
    expect(await before.refusal("message:send", { ...input, id: freshId(), epoch: "other" })).to.equal("conflict");
    expect(await before.request("message:send", { ...input, epoch: "other" })).to.deep.equal(first);
    expect(await before.refusal("message:send", { ...input, id: freshId(), createdAt: 1 })).to.equal("too_late");
    expect(await before.request("message:send", { ...input, createdAt: 1 })).to.deep.equal(first);
  });
});

const late = (createdAt: number) => ({ id: freshId(), room: "lobby", text: "late", createdAt });

describe("createdAt", () => {
  it("is too late when it is older than the log reaches, for that id may have been there", async () => {
    const clock = fakeClock();
    await using server = await startServer({ historySize: 2, clock });
    await using ann = await server.connect("/chat", "ann");
    const sentAt: number[] = [];
    for (const text of ["1", "2", "3"]) {
      sentAt.push((await say(ann, "lobby", text)).at);
      await clock.advance(1000);
    }
    const [trimmedAt = 0, keptAt = 0] = sentAt;
    expect(await ann.refusal("message:send", late(trimmedAt))).to.equal("too_late");
    expect(await ann.refusal("message:send", late(trimmedAt - 1))).to.equal("too_late");
    expect(await ann.request("message:send", late(keptAt))).to.include({ seq: 4, duplicate: false });
  });

  it("is too late when it is from before the logs were lost, for that id may have been in the old one", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    expect(await ann.refusal("message:send", late(Date.now() - 60_000))).to.equal("too_late");
  });

  it("may be of any time since then where nothing is gone from the log", async () => {
    const clock = fakeClock();
    const begun = clock.now();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await clock.advance(60_000);
    expect(await say(ann, "lobby", "old", { createdAt: begun })).to.include({ seq: 1 });
    expect(await say(ann, "lobby", "of tomorrow", { createdAt: clock.now() + 86_400_000 })).to.include({ seq: 2 });
  });
});

describe("an epoch beside a bare seq", () => {
  const about: Record<string, object> = {
    "message:send": { id: "message-2", text: "hello", replyTo: 1 },
    "message:edit": { id: "message-3", text: "edited", target: 1 },
    "history:read": { before: 5 },
    "marker:move": { seq: 1 },
    "message:delete": { id: "message-4", target: 1 },
  };
  for (const [request, input] of Object.entries(about)) {
    it(`is a conflict in ${request} if it is another one, and makes no difference if it is the log's`, async () => {
      await using server = await startServer();
      await using ann = await server.connect("/chat", "ann");
      const { epoch } = await say(ann, "lobby", "one");
      expect(await ann.refusal(request, { room: "lobby", ...input, epoch: "another" })).to.equal("conflict");
      expect(await ann.ask(request, { room: "lobby", ...input, epoch })).to.include({ ok: true });
    });
  }
});
