import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import type { Client, Wire } from "../kit/client.ts";
import { startServer } from "../kit/server.ts";
import { freshId, range, say, sayAll } from "./scene.ts";

const idsOf = (rooms: Wire[]): string[] => rooms.map(({ room }) => room as string);

/** Reads a directory to its end, page by page. */
async function pages(client: Client, request: string, limit: number): Promise<string[][]> {
  const found: string[][] = [];
  let after: string | undefined;
  do {
    const page: Wire = await client.request(request, { limit, ...(after !== undefined && { after }) });
    found.push(idsOf(page.rooms));
    after = page.next;
  } while (after !== undefined);
  return found;
}

describe("room:mine", () => {
  it("lists the caller's rooms with their kind, head, time, marker and unread messages", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    expect(await ann.request("room:mine")).to.deep.equal({ rooms: [] });
    await ann.request("room:join", { room: "lobby" });
    const { room: direct } = await bob.request("room:direct", { user: "ann" });
    await clock.advance(1000);
    await sayAll(bob, "lobby", ["1", "2", "3"]);
    const lobbyAt = clock.now();
    await clock.advance(1000);
    await say(bob, direct, "hello");
    await ann.request("marker:move", { room: "lobby", seq: 2 });

    const { rooms } = await ann.request("room:mine");
    expect(rooms).to.have.deep.members([
      { room: "lobby", kind: "room", head: 3, lastAt: lobbyAt, marker: 2, unread: 1 },
      { room: direct, kind: "direct", with: "bob", head: 1, lastAt: clock.now(), marker: 0, unread: 1 },
    ]);
    const ofBob = (await bob.request("room:mine")).rooms;
    expect(ofBob).to.deep.equal([
      { room: direct, kind: "direct", with: "ann", head: 1, lastAt: clock.now(), marker: 0, unread: 0 },
    ]);
  });

  it("pages by `after` and `next`, each room once", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const ids = range(1, 7).map((n) => `room-${n}`);
    for (const room of ids.toReversed()) await ann.request("room:join", { room });
    expect(await pages(ann, "room:mine", 3)).to.deep.equal([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)]);
    expect(await pages(ann, "room:mine", 7)).to.deep.equal([ids]);
    expect(idsOf((await ann.request("room:mine", { after: "room-5" })).rooms)).to.deep.equal(["room-6", "room-7"]);
    for (const limit of [0, 101]) expect(await ann.refusal("room:mine", { limit })).to.equal("bad_request");
  });
});

describe("room:list", () => {
  it("lists the open rooms with who attends and where they stand, and no direct ones", async () => {
    const clock = fakeClock();
    await using server = await startServer({ roomAccess: "open", clock });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { room: direct } = await ann.request("room:direct", { user: "bob" });
    await ann.request("room:join", { room: direct });
    await say(ann, direct, "between us");
    for (const client of [ann, bob]) await client.request("room:join", { room: "lobby" });
    await clock.advance(1000);
    await say(ann, "lobby", "hello");
    await say(ann, "nobody-there", "hello");
    expect(await bob.request("room:list")).to.deep.equal({
      rooms: [
        { room: "lobby", memberCount: 2, head: 1, lastAt: clock.now() },
        { room: "nobody-there", memberCount: 0, head: 1, lastAt: clock.now() },
      ],
    });
  });

  it("pages by `after` and `next`, each room once", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const ids = range(1, 5).map((n) => `room-${n}`);
    for (const room of ids.toReversed()) await ann.request("room:join", { room });
    expect(await pages(ann, "room:list", 2)).to.deep.equal([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  });

  it("lists none where rooms are closed", async () => {
    await using server = await startServer({ roomAccess: "closed" });
    await using ann = await server.connect("/chat", "ann", { rooms: ["*"] });
    await ann.request("room:join", { room: "lobby" });
    expect(await ann.request("room:list")).to.deep.equal({ rooms: [] });
  });
});

describe("room:members", () => {
  it("tells who attends now, whether or not the caller does", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann", { name: "Ann" });
    await using bob = await server.connect("/chat", "bob");
    const before = await bob.request("room:members", { room: "lobby" });
    expect(before).to.deep.include({ members: [], memberCount: 0 });
    const { version } = await ann.request("room:join", { room: "lobby" });
    const reply = { version, members: [{ id: "ann", name: "Ann" }], memberCount: 1 };
    expect(await bob.request("room:members", { room: "lobby" })).to.deep.equal(reply);
    expect((await server.call("GET", "/api/rooms/lobby/members")).body.data).to.deep.equal(reply);
  });
});

describe("room:direct", () => {
  it("is one room for the two, whoever asks and however often, also at the same time", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const [reply, ...others] = await Promise.all([
      ann.request("room:direct", { user: "bob" }),
      bob.request("room:direct", { user: "ann" }),
      ann.request("room:direct", { user: "bob" }),
    ]);
    const { room } = reply;
    expect(room).to.match(/^dm-[A-Za-z0-9_.-]{1,61}$/);
    for (const other of others) expect(other).to.deep.equal(reply);
    const { room: another } = await ann.request("room:direct", { user: "eve" });
    expect(another).to.not.equal(room);
  });

  it("is heard of by the other side, and among the rooms of both", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { room } = await ann.request("room:direct", { user: "bob" });
    expect(await bob.event("room:changed")).to.include({ room, head: 0 });
    expect((await bob.request("room:mine")).rooms[0]).to.include({ room, kind: "direct", with: "ann" });
    expect((await ann.request("room:mine")).rooms[0]).to.include({ room, kind: "direct", with: "bob" });
  });

  it("tells two pairs apart whose ids would read the same together", async () => {
    await using server = await startServer();
    await using a = await server.connect("/chat", "a");
    await using ab = await server.connect("/chat", "a-b");
    const { room: first } = await a.request("room:direct", { user: "b-c" });
    const { room: second } = await ab.request("room:direct", { user: "c" });
    expect(first).to.not.equal(second);
  });

  it("is not for oneself", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    expect(await ann.refusal("room:direct", { user: "ann" })).to.equal("bad_request");
    expect(await ann.refusal("room:direct", { user: "" })).to.equal("bad_request");
  });

  it("is among one's rooms again, after one has quit it, once somebody writes in it", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { room } = await ann.request("room:direct", { user: "bob" });
    await bob.request("room:quit", { room });
    expect((await bob.request("room:mine")).rooms).to.deep.equal([]);
    await ann.request("message:send", { id: freshId(), room, text: "still there?" });
    expect((await bob.request("room:mine")).rooms[0]).to.include({ room, unread: 1 });
    await bob.request("room:join", { room });
  });
});
