import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import type { Client, Wire } from "../kit/client.ts";
import { startServer } from "../kit/server.ts";
import { caughtUp, entriesOf, freshId, range, say, sayAll, seqsOf, textsOf } from "./scene.ts";

const room = "lobby";
const edit = (client: Client, target: number, text: string): Promise<Wire> =>
  client.request("message:edit", { id: freshId(), room, target, text });
const remove = (client: Client, target: number): Promise<Wire> =>
  client.request("message:delete", { id: freshId(), room, target });

describe("message:edit", () => {
  it("is an entry of its own, and gives the message another text in its place", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room });
    await say(ann, room, "one", { type: "note", data: { pinned: true } });
    await say(ann, room, "two");
    const { at: sentAt, epoch } = (await ann.request("history:read", { room })).entries[0];
    await clock.advance(5000);

    const stored = await ann.request("message:edit", { id: "the-edit-1", room, target: 1, text: "one, edited" });
    expect(stored).to.deep.equal({ epoch, seq: 3, at: clock.now(), duplicate: false });
    expect(await bob.event("message:edited")).to.deep.equal({
      room,
      epoch,
      seq: 3,
      kind: "edited",
      id: "the-edit-1",
      from: { id: "ann", name: "ann" },
      at: clock.now(),
      target: 1,
      text: "one, edited",
    });
    const { entries } = await bob.request("history:read", { room });
    expect(seqsOf(entries)).to.deep.equal([1, 2]);
    expect(entries[0]).to.deep.include({ text: "one, edited", at: sentAt, editedAt: clock.now(), kind: "sent" });
    expect(entries[0], "what the edit does not speak of stays").to.deep.include({
      type: "note",
      data: { pinned: true },
    });
    expect(entries[1]).to.not.have.property("editedAt");
  });

  it("may be made again and again: the last one counts", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await say(ann, room, "0");
    for (const n of range(1, 4)) await edit(ann, 1, `${n}`);
    expect(textsOf((await ann.request("history:read", { room })).entries)).to.deep.equal(["4"]);
  });

  it("is the author's alone: neither others nor moderators may", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
    await say(ann, room, "one");
    for (const client of [bob, moderator]) {
      const input = { id: freshId(), room, target: 1, text: "forged" };
      expect(await client.refusal("message:edit", input)).to.equal("forbidden");
    }
    await using phone = await server.connect("/chat", "ann");
    await edit(phone, 1, "from another device");
  });

  it("is not found where there is no such message: never sent, trimmed, deleted, or no message at all", async () => {
    await using server = await startServer({ historySize: 6 });
    await using ann = await server.connect("/chat", "ann");
    await sayAll(ann, room, ["1", "2", "3"]);
    await edit(ann, 3, "3, edited");
    await remove(ann, 2);
    const codeOf = (target: number) => ann.refusal("message:edit", { id: freshId(), room, target, text: "x" });
    expect(await codeOf(99), "never sent").to.equal("not_found");
    expect(await codeOf(2), "deleted").to.equal("not_found");
    expect(await codeOf(4), "an edit").to.equal("not_found");
    expect(await codeOf(5), "a deletion").to.equal("not_found");
    await sayAll(ann, room, ["6", "7"]);
    expect(await codeOf(1), "trimmed").to.equal("not_found");
    expect(await ann.refusal("message:edit", { id: freshId(), room, target: 0, text: "x" })).to.equal("bad_request");
  });
});

describe("message:delete", () => {
  it("is the author's, and a moderator's", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
    await sayAll(ann, room, ["1", "2"]);
    expect(await bob.refusal("message:delete", { id: freshId(), room, target: 1 })).to.equal("forbidden");
    await remove(ann, 1);
    await remove(moderator, 2);
    const { entries } = await ann.request("history:read", { room });
    expect(entries.map((entry: Wire) => "text" in entry)).to.deep.equal([false, false]);
  });

  it("is an entry of its own; the message and its edits stay in their places, without text", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await bob.request("room:join", { room });
    await say(ann, room, "secret", { type: "note", data: { secret: 1 } });
    await edit(ann, 1, "secret, edited");
    await say(ann, room, "in between");
    await edit(ann, 1, "secret, edited again");
    await clock.advance(1000);
    const deletedAt = clock.now();
    const stored = await ann.request("message:delete", { id: "the-delete", room, target: 1 });
    expect(stored).to.deep.equal({ epoch, seq: 5, at: deletedAt, duplicate: false });

    expect(await bob.event("message:deleted")).to.deep.equal({
      room,
      epoch,
      seq: 5,
      kind: "deleted",
      id: "the-delete",
      from: { id: "ann", name: "ann" },
      at: deletedAt,
      target: 1,
    });
    const missed = await bob.request("room:join", { room, since: { epoch, seq: 0 } });
    expect(missed.recovered).to.equal(true);
    const seen = missed.entries.map((entry: Wire) => [
      entry.seq,
      entry.kind,
      entry.target,
      entry.text,
      entry.deletedAt,
    ]);
    expect(seen).to.deep.equal([
      [1, "sent", undefined, undefined, deletedAt],
      [2, "edited", 1, undefined, deletedAt],
      [3, "sent", undefined, "in between", undefined],
      [4, "edited", 1, undefined, deletedAt],
      [5, "deleted", 1, undefined, undefined],
    ]);
    expect(missed.entries[0]).to.include({ type: "note" }).and.not.have.any.keys("data", "editedAt");
  });

  it("leaves no text anywhere: not in histories, catch-ups, snapshots, duplicates, nor for who was slow", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
    const { epoch } = await ann.request("room:join", { room });
    await ann.request("message:send", { id: "the-sending", room, text: "SECRET", data: { k: "SECRET" } });
    await ann.request("message:edit", { id: "the-edit-1", room, target: 1, text: "SECRET, edited" });
    await remove(moderator, 1);

    await using bob = await server.connect("/chat", "bob");
    const found = [
      await bob.request("room:join", { room }),
      await bob.request("room:join", { room, since: { epoch, seq: 0 } }),
      await bob.request("room:join", { room, since: { epoch, seq: 1 } }),
      await bob.request("room:join", { room, since: { epoch: "another", seq: 1 } }),
      await bob.request("room:join", { room, since: { epoch, seq: 0 }, limit: 1 }),
      await bob.request("rooms:join", { rooms: [{ room }, { room, since: { epoch, seq: 0 } }] }),
      await bob.request("history:read", { room }),
      await ann.request("message:send", { id: "the-sending", room, text: "again" }),
      await ann.request("message:edit", { id: "the-edit-1", room, target: 1, text: "again" }),
      (await server.call("GET", `/api/rooms/${room}/messages`)).body,
    ];
    await caughtUp(bob);
    expect(seqsOf(entriesOf(bob)).slice(-2), "what the ack of the last join did not hold").to.deep.equal([2, 3]);
    expect(JSON.stringify([found, bob.heard])).to.not.include("SECRET");
  });

  it("is not found a second time, and its target can be edited no more", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await say(ann, room, "one");
    await remove(ann, 1);
    expect(await ann.refusal("message:delete", { id: freshId(), room, target: 1 })).to.equal("not_found");
    expect(await ann.refusal("message:edit", { id: freshId(), room, target: 1, text: "x" })).to.equal("not_found");
  });

  it("is one of two at the same time", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
    await say(ann, room, "one");
    const acks = await Promise.all(
      [ann, moderator].map((client) => client.ask("message:delete", { id: freshId(), room, target: 1 })),
    );
    expect(acks.map(({ ok }) => ok)).to.have.members([false, true]);
  });

  it("is the author's right also while muted, and nobody's while banned", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
    await sayAll(ann, room, ["1", "2"]);
    await moderator.request("member:mute", { room, user: "ann" });
    await remove(ann, 1);
    await moderator.request("member:ban", { room, user: "ann" });
    expect(await ann.refusal("message:delete", { id: freshId(), room, target: 2 })).to.equal("banned");
  });
});
