import { expect } from "chai";
import type { Wire } from "../kit/client.ts";
import { startServer } from "../kit/server.ts";
import { askInOrder, caughtUp, connectAll, entriesOf, range, say, sayAll, seqsOf, textsOf } from "./scene.ts";

const codesOf = (rooms: Wire[]) => rooms.map((ack) => (ack.ok ? ack.data.room : ack.error.code));

const numbered = (count: number) => range(1, count).map((n) => ({ room: `room-${n}` }));

describe("rooms:join", () => {
  it("answers each room as room:join would, in the order asked, and attends those that were granted", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await sayAll(bob, "b", ["1", "2"]);
    const input = {
      rooms: [{ room: "a" }, { room: "b", since: { epoch, seq: 1 } }, { room: "dm-made-up" }, { room: "c" }],
    };
    const { rooms } = await ann.request("rooms:join", input);
    expect(codesOf(rooms)).to.deep.equal(["a", "b", "forbidden", "c"]);
    expect(rooms[0].data).to.deep.include({ head: 0, recovered: null, entries: [], memberCount: 1 });
    expect(rooms[1].data).to.include({ head: 2, recovered: true });
    expect(textsOf(rooms[1].data.entries)).to.deep.equal(["2"]);
    expect(rooms[2].error).to.include({ code: "forbidden", retryable: false });
    for (const room of ["a", "b", "c"]) await say(bob, room, `in ${room}`);
    await caughtUp(ann);
    expect(textsOf(entriesOf(ann))).to.deep.equal(["in a", "in b", "in c"]);
  });

  it("takes 1 to 100 rooms, and one limit for all", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    expect(await ann.refusal("rooms:join", { rooms: numbered(0) })).to.equal("bad_request");
    expect(await ann.refusal("rooms:join", { rooms: numbered(101) })).to.equal("bad_request");
    expect((await ann.request("rooms:join", { rooms: numbered(100) })).rooms).to.have.length(100);
    await sayAll(ann, "room-1", ["1", "2", "3"]);
    const { rooms } = await ann.request("rooms:join", { rooms: numbered(2), limit: 2 });
    expect(textsOf(rooms[0].data.entries)).to.deep.equal(["2", "3"]);
  });

  it("refuses those above MAX_ROOMS as too large", async () => {
    await using server = await startServer({ maxRooms: 2 });
    await using ann = await server.connect("/chat", "ann");
    await ann.request("room:join", { room: "b" });
    const { rooms } = await ann.request("rooms:join", { rooms: ["a", "b", "c", "d"].map((room) => ({ room })) });
    expect(codesOf(rooms)).to.deep.equal(["a", "b", "too_large", "too_large"]);
  });

  it("may name a room twice: both are answered, and entries still come once", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await sayAll(ann, "a", range(1, 20).map(String));
    const since = { epoch, seq: 10 };
    const { rooms } = await ann.request("rooms:join", {
      rooms: [
        { room: "a", since },
        { room: "a", since },
      ],
      limit: 5,
    });
    expect(rooms.map(({ data }: Wire) => seqsOf(data.entries))).to.deep.equal([range(11, 15), range(11, 15)]);
    await say(ann, "a", "21");
    await ann.event("message:sent", ({ seq }) => seq === 21);
    expect(seqsOf(entriesOf(ann))).to.deep.equal(range(16, 21));
  });

  it("sends no entry of any of the rooms before the ack", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await sayAll(bob, "a", range(1, 5).map(String));
    askInOrder(ann, "rooms:join", {
      rooms: [{ room: "a", since: { epoch, seq: 1 } }, ...numbered(50)],
      limit: 1,
    });
    await Promise.all(range(1, 50).map((n) => say(bob, `room-${n}`, "new")));
    await ann.event("message:sent", ({ seq, room }) => room === "a" && seq === 5);
    await caughtUp(ann);
    const first = ann.heard.findIndex(({ name }) => name === "message:sent");
    expect(first).to.be.above(ann.heard.findIndex(({ name }) => name === "ack"));
    const shown = ann.all("ack")[0].data.rooms.filter(({ data }: Wire) => data.room !== "a" && data.head === 1);
    const told = entriesOf(ann).filter((entry) => entry.room !== "a");
    expect(shown.length + told.length, "each either in the ack or told").to.equal(50);
  });

  it("carries at most about 256 KiB together, and what small rooms leave over goes to large ones", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (const room of ["large", "larger"]) await sayAll(ann, room, Array<string>(60).fill("x".repeat(4000)));
    const small = range(1, 20).map((n) => ({ room: `small-${n}` }));
    const reply = await ann.request("rooms:join", {
      rooms: [...small, { room: "large" }, { room: "larger" }],
      limit: 100,
    });
    expect(JSON.stringify(reply).length).to.be.within(200 * 1024, 264 * 1024);
    for (const { data } of reply.rooms.slice(20)) {
      expect(data.entries.length).to.be.above(20);
      expect(seqsOf(data.entries)).to.deep.equal(range(61 - data.entries.length, 60));
    }
  });

  it("names as many members as there is room for, and counts them all", async () => {
    await using server = await startServer();
    const members = range(1, 20).map((n) => `${n}-${"long".repeat(60)}`);
    const rooms = numbered(90);
    await using everybody = await connectAll(server, members);
    for (const client of everybody) await client.request("rooms:join", { rooms });
    await using ann = await server.connect("/chat", "ann");
    const reply = await ann.request("rooms:join", { rooms });
    expect(JSON.stringify(reply).length).to.be.below(264 * 1024);
    for (const { data } of reply.rooms) expect(data.memberCount).to.equal(21);
    expect((await ann.request("room:members", { room: "room-1" })).members).to.have.length(21);
  });
});
