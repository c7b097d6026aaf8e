import { expect } from "chai";
import { type Connection, type ConnectOptions, keptIn, type Outgoing } from "../../client/index.ts";
import { systemClock } from "../../src/clock.ts";
import type { Client } from "../kit/client.ts";
import { Proxy } from "../kit/proxy.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { range, say, sayAll } from "../chat/scene.ts";
import { open, reaches } from "./connection.ts";
import { FakeStorage } from "./fake-log.ts";

const room = "lobby";

const portOf = ({ url }: TestServer) => Number(new URL(url).port);
const chatOf = ({ chat }: Connection) => chat.channel as never;

async function ann(server: TestServer, url = server.url, options: ConnectOptions = {}) {
  return open({ url, token: await server.token("ann"), socket: { transports: ["websocket"] }, ...options });
}

/** What a room has in its log, as somebody else reads it. */
async function textsIn(client: Client, of = room): Promise<string[]> {
  const { entries } = await client.request("history:read", { room: of, limit: 300 });
  return (entries as { text: string }[]).map(({ text }) => text);
}

const statesOf = (messages: readonly Outgoing[]) => messages.map(({ state }) => state);

describe("the chat", () => {
  it("gives the same room until one leaves it", async () => {
    await using server = await startServer();
    await using connection = await ann(server);
    const { chat } = connection;
    const lobby = chat.join(room);
    expect(chat.join(room)).to.equal(lobby);
    expect(chat.join("another")).to.not.equal(lobby);
    await eventually(() => lobby.getSnapshot().status === "live");
    lobby.leave();
    const again = chat.join(room);
    expect(again).to.not.equal(lobby);
    await eventually(() => again.getSnapshot().status === "live");
  });

  it("opens the direct room of two, and lists the open ones by pages", async () => {
    await using server = await startServer();
    await using bob = await server.connect("/chat", "bob");
    for (const n of range(1, 101)) {
      await bob.request("room:join", { room: `room-${n}` });
      await bob.request("room:leave", { room: `room-${n}` });
    }
    await using connection = await ann(server);
    const { chat } = connection;
    const refused = await chat.direct("bob").catch((error: unknown) => error);
    expect(refused, "before it is connected").to.have.property("code", "unavailable");
    await reaches("open", chatOf(connection));
    const direct = await chat.direct("bob");
    expect(chat.join(direct.id)).to.equal(direct);
    const { rooms, next } = await chat.list();
    expect(rooms).to.have.length(100);
    const last = await chat.list(next);
    expect(last.rooms).to.have.length(1);
    expect(last.next).to.equal(undefined);
  });
});

describe("messages on their way out", () => {
  it("are sent when there is a connection: what was written before comes in order, and is not too late for it", async () => {
    const early = new FakeStorage();
    let port: number | undefined;
    await using proxy = await Proxy.start({ target: () => port });
    await using first = await startServer();
    const token = await first.token("ann");
    await using connection = open({ url: `http://127.0.0.1:${proxy.port}`, token, storage: keptIn(early) });
    const lobby = connection.chat.join(room);
    const sent = range(1, 5).map((n) => lobby.send(`early ${n}`));
    expect(lobby.getSnapshot().outgoing).to.deep.equal(sent);
    // Its log begins later than they were written.
    await using server = await startServer();
    port = portOf(server);
    expect(await lobby.settled(sent[4]!.id)).to.include({ state: "sent", seq: 5 });
    await eventually(() => lobby.getSnapshot().outgoing.length === 0);
    const { messages } = lobby.getSnapshot();
    expect(messages.map(({ text }) => text)).to.deep.equal(range(1, 5).map((n) => `early ${n}`));
    expect(early.length).to.equal(0);
  });

  it("are stored once where the answer was lost, and the room shows them once", async () => {
    await using server = await startServer();
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room });
    await using proxy = await Proxy.start({ target: () => portOf(server) });
    await using connection = await ann(server, `http://127.0.0.1:${proxy.port}`);
    const lobby = connection.chat.join(room);
    await eventually(() => lobby.getSnapshot().status === "live");
    for (const link of proxy.links) link.discard("down");
    const [one, two] = [lobby.send("one"), lobby.send("two")];
    await bob.event("message:sent");
    expect(statesOf(lobby.getSnapshot().outgoing)).to.deep.equal(["pending", "pending"]);
    proxy.cut();
    expect(await lobby.settled(one.id)).to.include({ state: "sent", seq: 1 });
    expect(await lobby.settled(two.id)).to.include({ state: "sent", seq: 2 });
    await eventually(() => lobby.getSnapshot().outgoing.length === 0 && lobby.getSnapshot().status === "live");
    expect(lobby.getSnapshot().messages.map(({ id }) => id)).to.deep.equal([one.id, two.id]);
    expect(await textsIn(bob)).to.deep.equal(["one", "two"]);
  });

  it("are done with where the room is past them: too much was missed to show them", async () => {
    await using server = await startServer({ historySize: 100 });
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room });
    await using proxy = await Proxy.start({ target: () => portOf(server) });
    await using connection = await ann(server, `http://127.0.0.1:${proxy.port}`);
    const lobby = connection.chat.join(room, { limit: 5 });
    await eventually(() => lobby.getSnapshot().status === "live");
    for (const link of proxy.links) link.discard("down");
    await sayAll(bob, room, range(1, 60).map(String));
    const { id } = lobby.send("hello");
    await bob.event("message:sent", (entry) => entry.id === id);
    await sayAll(bob, room, range(62, 121).map(String));
    proxy.cut();
    expect(await lobby.settled(id)).to.include({ state: "sent", seq: 61 });
    await eventually(() => lobby.getSnapshot().status === "live" && lobby.getSnapshot().outgoing.length === 0);
    expect(lobby.getSnapshot().messages.map(({ seq }) => seq)).to.deep.equal(range(117, 121));
  });

  it("fail where the log was lost meanwhile", async () => {
    await using before = await startServer();
    let port: number | undefined = portOf(before);
    await using proxy = await Proxy.start({ target: () => port });
    await using connection = await ann(before, `http://127.0.0.1:${proxy.port}`);
    const lobby = connection.chat.join(room);
    await eventually(() => lobby.getSnapshot().status === "live");
    await using after = await startServer();
    port = undefined;
    proxy.cut();
    await reaches("offline", chatOf(connection));
    const { id } = lobby.send("hello");
    port = portOf(after);
    expect(await lobby.settled(id)).to.have.nested.include({ state: "failed", "failure.code": "conflict" });
    await eventually(() => lobby.getSnapshot().status === "live");
    const again = lobby.retry(id);
    expect(await lobby.settled(again.id)).to.have.property("state", "sent");
    await eventually(() => lobby.getSnapshot().outgoing.length === 0);
    expect(lobby.getSnapshot().messages.map(({ text }) => text)).to.deep.equal(["hello"]);
  });

  it("are sent of a room that was left, and of one that nobody has joined on this page", async () => {
    await using server = await startServer();
    await using bob = await server.connect("/chat", "bob");
    const storage = new FakeStorage();
    {
      let port: number | undefined = portOf(server);
      await using proxy = await Proxy.start({ target: () => port });
      await using connection = await ann(server, `http://127.0.0.1:${proxy.port}`, { storage: keptIn(storage) });
      const rooms = [connection.chat.join("left"), connection.chat.join("kept")] as const;
      await eventually(() => rooms.every((each) => each.getSnapshot().status === "live"));
      port = undefined;
      proxy.cut();
      await reaches("offline", chatOf(connection));
      const [left, kept] = rooms.map((each) => each.send("written offline")) as [Outgoing, Outgoing];
      rooms[0].leave();
      port = portOf(server);
      expect(await rooms[0].settled(left.id)).to.have.property("state", "sent");
      expect(await rooms[1].settled(kept.id)).to.have.property("state", "sent");
      port = undefined;
      proxy.cut();
      await reaches("offline", chatOf(connection));
      rooms[1].send("written before the page was closed");
    }
    expect(storage.length).to.equal(1);
    await using connection = await ann(server, server.url, { storage: keptIn(storage) });
    await reaches("open", chatOf(connection));
    await eventually(() => storage.length === 0);
    expect(await textsIn(bob, "left")).to.deep.equal(["written offline"]);
    expect(await textsIn(bob, "kept")).to.deep.equal(["written offline", "written before the page was closed"]);
  });

  it("are not too late by a clock that is an hour slow", async () => {
    const fast = { ...systemClock, now: () => Date.now() + 3_600_000 };
    await using server = await startServer({ clock: fast });
    await using connection = await ann(server);
    const lobby = connection.chat.join(room);
    expect(await lobby.settled(lobby.send("hello").id)).to.have.property("state", "sent");
  });

  it("come about as fast as the server takes them, however many have gathered, and in order", async () => {
    await using server = await startServer({ rate: { perSec: 400, burst: 40 } });
    await using bob = await server.connect("/chat", "bob");
    await using connection = await ann(server);
    const { chat } = connection;
    const rooms = range(1, 5).map((n) => chat.join(`room-${n}`));
    const sends: string[] = [];
    chat.channel.socket.onAnyOutgoing((name: string, { id }: { id: string }) => {
      if (name === "message:send") sends.push(id);
    });
    const sent = range(1, 20).flatMap((n) => rooms.map((each) => each.settled(each.send(String(n)).id)));
    expect(new Set(statesOf(await Promise.all(sent)))).to.deep.equal(new Set(["sent"]));
    expect(sends.length, "few are refused and sent again").to.be.within(100, 110);
    for (const { id } of rooms) expect(await textsIn(bob, id)).to.deep.equal(range(1, 20).map(String));
  });

  it("are refused where they cannot be taken, and say why", async () => {
    await using server = await startServer();
    await using judge = await server.connect("/chat", "judge", { roles: ["moderator"] });
    await using connection = await ann(server);
    const lobby = connection.chat.join(room);
    await eventually(() => lobby.getSnapshot().status === "live");
    await judge.request("member:mute", { room, user: "ann" });
    const [muted, long] = [lobby.send("hello"), lobby.send("x".repeat(4_001))];
    expect(await lobby.settled(muted.id)).to.have.nested.include({ state: "failed", "failure.code": "muted" });
    expect(await lobby.settled(long.id)).to.have.nested.include({ state: "failed", "failure.code": "bad_request" });
    await judge.request("member:unmute", { room, user: "ann" });
    lobby.discard(long.id);
    const again = lobby.retry(muted.id);
    expect(await lobby.settled(again.id)).to.have.property("state", "sent");
    await eventually(() => lobby.getSnapshot().outgoing.length === 0);
  });

  it("are left alone once the connection is closed", async () => {
    await using server = await startServer();
    await using bob = await server.connect("/chat", "bob");
    const storage = new FakeStorage();
    const connection = await ann(server, server.url, { storage: keptIn(storage) });
    const lobby = connection.chat.join(room);
    await eventually(() => lobby.getSnapshot().status === "live");
    await connection[Symbol.asyncDispose]();
    lobby.send("too late for this page");
    await say(bob, room, "something else");
    expect(await textsIn(bob)).to.deep.equal(["something else"]);
    expect(storage.length).to.equal(1);
  });
});
