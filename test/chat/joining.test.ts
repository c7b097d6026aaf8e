import { expect } from "chai";
import type { Client, Wire } from "../kit/client.ts";
import { startServer } from "../kit/server.ts";
import { askInOrder, connectAll, entriesOf, freshId, range, sayAll, seqsOf, textsOf } from "./scene.ts";

const room = "lobby";
const edit = (client: Client, target: number, text: string): Promise<Wire> =>
  client.request("message:edit", { id: freshId(), room, target, text });

describe("room:join without since", () => {
  it("makes the epoch of a new room: head 0, nothing there, oneself the only one", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann", { name: "Ann" });
    const joined = await ann.request("room:join", { room });
    expect(joined.epoch).to.be.a("string").that.is.not.equal("");
    expect(joined).to.deep.include({
      room,
      head: 0,
      recovered: null,
      entries: [],
      marker: 0,
      unread: 0,
      memberCount: 1,
    });
    expect(joined.members).to.deep.equal([{ id: "ann", name: "Ann" }]);
    await using bob = await server.connect("/chat", "bob");
    expect(await bob.request("room:join", { room })).to.include({ epoch: joined.epoch, head: 0, memberCount: 2 });
  });

  it("shows the newest `limit` messages, oldest first, and the head", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await sayAll(ann, room, range(1, 60).map(String));
    await using bob = await server.connect("/chat", "bob");
    const joined = await bob.request("room:join", { room, limit: 3 });
    expect(joined).to.include({ head: 60, recovered: null, unread: 60 });
    expect(textsOf(joined.entries)).to.deep.equal(["58", "59", "60"]);
    expect(seqsOf((await bob.request("room:join", { room })).entries)).to.deep.equal(range(11, 60));
    expect((await bob.request("room:join", { room, limit: 300 })).entries).to.have.length(60);
    for (const limit of [0, 301, 1.5, "5"]) {
      expect(await bob.refusal("room:join", { room, limit })).to.equal("bad_request");
    }
  });

  it("folds: edited texts are the present ones, deleted messages have none, edits and deletions are no lines", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await sayAll(ann, room, ["1", "2", "3"]);
    const { at: editedAt } = await edit(ann, 1, "1, edited");
    const { at: deletedAt } = await ann.request("message:delete", { id: freshId(), room, target: 2 });
    await using bob = await server.connect("/chat", "bob");
    const { head, entries } = await bob.request("room:join", { room });
    expect(head).to.equal(5);
    expect(seqsOf(entries)).to.deep.equal([1, 2, 3]);
    expect(entries[0]).to.include({ text: "1, edited", editedAt });
    expect(entries[1]).to.include({ deletedAt }).and.not.have.property("text");
    expect(entries[2]).to.include({ text: "3" }).and.not.have.any.keys("editedAt", "deletedAt");
  });
});

describe("room:join with since", () => {
  it("shows all that was missed, edits and deletions included", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await sayAll(ann, room, ["1", "2", "3"]);
    await edit(ann, 2, "2, edited");
    await ann.request("message:delete", { id: freshId(), room, target: 3 });
    const joined = await ann.request("room:join", { room, since: { epoch, seq: 1 } });
    expect(joined).to.include({ recovered: true, head: 5 });
    const seen = joined.entries.map(({ seq, kind, text, target }: Wire) => [seq, kind, text, target]);
    expect(seen).to.deep.equal([
      [2, "sent", "2", undefined],
      [3, "sent", undefined, undefined],
      [4, "edited", "2, edited", 2],
      [5, "deleted", undefined, 3],
    ]);
  });

  it("shows everything from the first entry on since seq 0 of this epoch", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await ann.request("room:join", { room });
    await sayAll(ann, room, ["1", "2"]);
    const joined = await ann.request("room:join", { room, since: { epoch, seq: 0 } });
    expect(joined.recovered).to.equal(true);
    expect(seqsOf(joined.entries)).to.deep.equal([1, 2]);
  });

  it("shows nothing when nothing was missed", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const { epoch, seq } = await sayAll(ann, room, ["1", "2"]);
    const { entries } = await ann.request("history:read", { room, limit: 1 });
    for (const since of [
      { epoch, seq },
      { epoch, seq, id: entries[0].id },
    ]) {
      expect(await ann.request("room:join", { room, since })).to.deep.include({
        recovered: true,
        entries: [],
        head: 2,
      });
    }
  });

  it("shows the oldest `limit` of it, and sends the rest as ordinary events before anything new", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await bob.request("room:join", { room });
    await bob.request("room:leave", { room });
    await sayAll(ann, room, range(1, 500).map(String));
    askInOrder(bob, "room:join", { room, since: { epoch, seq: 100 }, limit: 7 });
    await bob.event("ack");
    await sayAll(ann, room, ["new"]);
    await bob.event("message:sent", ({ text }) => text === "new");
    const [ack] = bob.all("ack");
    expect(ack.data).to.include({ recovered: true, head: 500 });
    expect(seqsOf(ack.data.entries)).to.deep.equal(range(101, 107));
    expect(bob.heard.findIndex(({ name }) => name === "message:sent")).to.be.above(
      bob.heard.findIndex(({ name }) => name === "ack"),
    );
    expect(seqsOf(entriesOf(bob))).to.deep.equal(range(108, 501));
  });

  it("takes the `id` of the entry at `seq`, and refuses the position when another one stands there", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await sayAll(ann, room, ["1", "2", "3"]);
    const [, second] = (await ann.request("history:read", { room })).entries;
    const join = (id: string) => ann.request("room:join", { room, since: { epoch, seq: 2, id } });
    expect(seqsOf((await join(second.id)).entries)).to.deep.equal([3]);
    const refused = await join("another-id");
    expect(refused.recovered).to.equal(false);
    expect(seqsOf(refused.entries)).to.deep.equal([1, 2, 3]);
  });

  it("gives the newest folded, not recovered, for another epoch, beyond the head, and when some of it is gone", async () => {
    await using server = await startServer({ historySize: 5 });
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await sayAll(ann, room, range(1, 8).map(String));
    await edit(ann, 8, "8, edited");
    const positions = {
      "another epoch": { epoch: "another", seq: 8 },
      "beyond the head": { epoch, seq: 10 },
      "trimmed after it": { epoch, seq: 3 },
      "trimmed from the first": { epoch, seq: 0 },
    };
    for (const [what, since] of Object.entries(positions)) {
      const { recovered, head, entries } = await ann.request("room:join", { room, since, limit: 2 });
      expect({ recovered, head }, what).to.deep.equal({ recovered: false, head: 9 });
      expect(textsOf(entries), what).to.deep.equal(["7", "8, edited"]);
    }
    const atTheEdge = await ann.request("room:join", { room, since: { epoch, seq: 4 } });
    expect(atTheEdge.recovered, "trimmed up to it, but nothing after it").to.equal(true);
    expect(seqsOf(atTheEdge.entries)).to.deep.equal(range(5, 9));
  });

  it("is a position or nothing", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (const since of [5, { seq: 1 }, { epoch: "e", seq: -1 }, { epoch: "e", seq: 0.5 }, null]) {
      expect(await ann.refusal("room:join", { room, since })).to.equal("bad_request");
    }
  });
});

describe("the ack of room:join", () => {
  it("carries at most about 256 KiB: of the newest, the newest; of what was missed, the oldest, and events the rest", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await sayAll(ann, room, Array<string>(150).fill("x".repeat(4000)));
    await using bob = await server.connect("/chat", "bob");
    const newest = await bob.request("room:join", { room, limit: 300 });
    expect(JSON.stringify(newest).length).to.be.within(200 * 1024, 264 * 1024);
    expect(seqsOf(newest.entries)).to.deep.equal(range(151 - newest.entries.length, 150));

    bob.forget();
    const missed = await bob.request("room:join", { room, since: { epoch, seq: 0 }, limit: 300 });
    expect(JSON.stringify(missed).length).to.be.within(200 * 1024, 264 * 1024);
    expect(missed.recovered).to.equal(true);
    await bob.event("message:sent", ({ seq }) => seq === 150);
    expect([...seqsOf(missed.entries), ...seqsOf(entriesOf(bob))]).to.deep.equal(range(1, 150));
  });

  for (const withSince of [false, true]) {
    it(`neither overlaps with the events after it nor leaves a gap, ${withSince ? "with" : "without"} since`, async () => {
      await using server = await startServer();
      await using ann = await server.connect("/chat", "ann");
      const { epoch } = await sayAll(ann, room, range(1, 20).map(String));
      await using clients = await connectAll(
        server,
        range(1, 5).map((n) => `joiner-${n}`),
      );

      const since = withSince ? { since: { epoch, seq: 10 } } : {};
      const sending = sayAll(ann, room, range(21, 120).map(String));
      for (const client of clients) {
        askInOrder(client, "room:join", { room, limit: 3, ...since });
        await client.event("ack");
      }
      await sending;
      for (const client of clients) {
        await client.event("message:sent", ({ seq }) => seq === 120);
        const names = client.heard.map(({ name }) => name);
        expect(names.indexOf("message:sent"), "no entry before the ack").to.be.above(names.indexOf("ack"));
        const { data } = client.all("ack")[0];
        const last = withSince ? data.entries.at(-1).seq : data.head;
        expect(data.head, "joined in the middle of it").to.be.below(120);
        expect(seqsOf(entriesOf(client))).to.deep.equal(range(last + 1, 120));
      }
    });
  }

  it("is paced after it by what the client takes: more than MAX_BUFFER_BYTES is caught up without a cut", async () => {
    await using server = await startServer({ maxBufferBytes: 300 * 1024 });
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await sayAll(ann, room, Array<string>(200).fill("x".repeat(4000)));
    for (const transports of [["websocket"], ["polling"]]) {
      await using bob = await server.connect("/chat", "bob", {}, { transports });
      const { entries } = await bob.request("room:join", { room, since: { epoch, seq: 0 }, limit: 1 });
      await bob.event("message:sent", ({ seq }) => seq === 200);
      expect([...seqsOf(entries), ...seqsOf(entriesOf(bob))]).to.deep.equal(range(1, 200));
    }
  });
});
