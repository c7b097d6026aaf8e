import { expect } from "chai";
import type { Chat, RoomsSnapshot, RoomSummary } from "../../client/index.ts";
import type { Client } from "../kit/client.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually, turns } from "../kit/wait.ts";
import { range, say, sayAll } from "../chat/scene.ts";
import { open, reaches } from "./connection.ts";

/** Somebody who looks at the list of his rooms. */
async function watcher(server: TestServer, id: string) {
  const connection = open({ url: server.url, token: await server.token(id), socket: { transports: ["websocket"] } });
  const { chat } = connection;
  const asked: string[] = [];
  chat.channel.socket.onAnyOutgoing((name: string) => asked.push(name));
  let told = 0;
  chat.rooms.subscribe(() => told++);
  return {
    chat,
    asked,
    told: () => told,
    shows: (matches: (rooms: Record<string, RoomSummary | undefined>, snapshot: RoomsSnapshot) => boolean) =>
      shows(chat, matches),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

function shows(chat: Chat, matches: (rooms: Record<string, RoomSummary | undefined>, of: RoomsSnapshot) => boolean) {
  return eventually(() => {
    const snapshot = chat.rooms.getSnapshot();
    if (matches(Object.fromEntries(snapshot.rooms.map((room) => [room.room, room])), snapshot)) return snapshot;
    throw new Error(JSON.stringify(snapshot));
  });
}

const namesOf = (chat: Chat) => chat.rooms.getSnapshot().rooms.map(({ room }) => room);

/** Makes the user of a client a member of rooms that nobody attends. */
async function enterAll(client: Client, rooms: readonly string[]): Promise<void> {
  for (const room of rooms) {
    await client.request("room:join", { room });
    await client.request("room:leave", { room });
  }
}

describe("one's own rooms", () => {
  it("are read when somebody subscribes, all of them, with the newest first", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const rooms = range(1, 130).map((n) => `room-${n}`);
    await enterAll(ann, rooms);
    await say(ann, "room-7", "the newest");
    await using connection = open({ url: server.url, token: await server.token("ann") });
    const { chat } = connection;
    await eventually(() => chat.channel.getSnapshot().status === "open");
    await turns();
    expect(chat.rooms.getSnapshot()).to.deep.equal({ rooms: [], isLoaded: false });
    chat.rooms.subscribe(() => {});
    const { rooms: listed } = await shows(chat, (_, { isLoaded }) => isLoaded);
    expect(listed.map(({ room }) => room)).to.have.members(rooms);
    const times = listed.map(({ lastAt }) => lastAt);
    expect(times).to.deep.equal(times.toSorted((a, b) => b - a));
    // The last room may have been made in the same millisecond.
    const newest = listed.find(({ room }) => room === "room-7");
    expect(newest).to.include({ kind: "room", head: 1, lastAt: times[0] });
    expect(chat.rooms.getSnapshot()).to.equal(chat.rooms.getSnapshot());
  });

  it("say what is new and exactly how much is unread in a room that one does not attend", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await enterAll(phone, ["one", "two"]);
    await using ann = await watcher(server, "ann");
    await ann.shows(({ one, two }) => one !== undefined && two !== undefined);

    await say(bob, "one", "first");
    await ann.shows(({ one }) => one?.head === 1 && one.unread === 1);
    expect(namesOf(ann.chat)).to.deep.equal(["one", "two"]);
    await say(bob, "two", "second");
    await ann.shows(({ two }) => two?.unread === 1);
    expect(namesOf(ann.chat)).to.deep.equal(["two", "one"]);

    const { seq } = await sayAll(bob, "one", range(1, 20).map(String));
    await bob.request("message:delete", { id: "delete-it-1", room: "one", target: seq });
    await ann.shows(({ one }) => one?.head === 22 && one.unread === 20);
    expect(ann.asked.length, "questions are gathered").to.be.below(12);

    await phone.request("marker:move", { room: "one", seq: 20 });
    await ann.shows(({ one }) => one?.marker === 20 && one.unread === 0);
  });

  it("are what an attended room says they are, and stay so when it is left", async () => {
    await using server = await startServer();
    await using bob = await server.connect("/chat", "bob");
    await using ann = await watcher(server, "ann");
    const room = ann.chat.join("lobby");
    await ann.shows(({ lobby }) => lobby?.head === 0);
    const asked = ann.asked.length;
    await sayAll(bob, "lobby", ["one", "two", "three"]);
    const { rooms } = await ann.shows(({ lobby }) => lobby?.head === 3 && lobby.unread === 3);
    expect(rooms[0]?.lastAt).to.equal(room.getSnapshot().messages.at(-1)?.at);
    room.markRead(2);
    await ann.shows(({ lobby }) => lobby?.marker === 2 && lobby.unread === 1);
    expect(ann.asked.slice(asked)).to.deep.equal(["marker:move"]);
    // What came between its last word and the leaving is asked for.
    room.leave();
    await eventually(() => ann.asked.length === asked + 3);
    expect(ann.asked.slice(asked)).to.deep.equal(["marker:move", "room:leave", "room:mine"]);
    await say(bob, "lobby", "four");
    await ann.shows(({ lobby }) => lobby?.head === 4 && lobby.marker === 2 && lobby.unread === 2);
  });

  it("have a room in them when one has joined it, or was written to directly", async () => {
    await using server = await startServer();
    await using bob = await server.connect("/chat", "bob");
    await using ann = await watcher(server, "ann");
    await ann.shows((_, { isLoaded }) => isLoaded);
    ann.chat.join("lobby");
    await ann.shows(({ lobby }) => lobby !== undefined);
    const { room } = await bob.request("room:direct", { user: "ann" });
    await say(bob, room, "psst");
    await ann.shows((all) => all[room]?.unread === 1 && all[room].with === "bob" && all[room].kind === "direct");
    expect((await ann.chat.direct("bob")).id).to.equal(room);
  });

  it("lose a room that one quits, and one that one is sent out of, attended or not", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/chat", "ann");
    await using judge = await server.connect("/chat", "judge", { roles: ["moderator"] });
    await enterAll(phone, ["quitted", "elsewhere", "kicked", "banned", "kept"]);
    await using ann = await watcher(server, "ann");
    await ann.shows((_, { rooms }) => rooms.length === 5);
    await phone.request("room:quit", { room: "elsewhere" });
    await ann.shows((all) => !all["elsewhere"]);
    await ann.chat.join("quitted").quit();
    await ann.shows((all) => !all["quitted"]);
    ann.chat.join("kicked");
    await eventually(() => ann.chat.join("kicked").getSnapshot().status === "live");
    await judge.request("member:kick", { room: "kicked", user: "ann" });
    await judge.request("member:ban", { room: "banned", user: "ann" });
    await ann.shows((all) => !all["kicked"] && !all["banned"]);
    expect(namesOf(ann.chat)).to.deep.equal(["kept"]);
  });

  it("are read again after a reconnection, and tell of no change where there is none", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await enterAll(phone, ["one", "two"]);
    await using ann = await watcher(server, "ann");
    const before = await ann.shows(({ one }) => one !== undefined);
    const told = ann.told();
    const reads = () => ann.asked.filter((name) => name === "room:mine").length;
    const again = async () => {
      const { length } = ann.asked;
      ann.chat.channel.socket.io.engine.close();
      await eventually(() => ann.asked.length > length && reads() > 1);
      await reaches("open", ann.chat.channel);
    };
    await again();
    await turns(20);
    expect(ann.chat.rooms.getSnapshot()).to.equal(before);
    expect(ann.told()).to.equal(told);

    ann.chat.channel.socket.io.engine.close();
    await say(bob, "two", "while she was away");
    await ann.shows(({ two }) => two?.unread === 1);
  });

  it("ask far less than a socket may where a hundred rooms change all the time", async () => {
    await using server = await startServer({ rate: { perSec: 50, burst: 100 } });
    const rooms = range(1, 100).map((n) => `room-${n}`);
    for (const room of rooms) await server.call("PUT", `/api/rooms/${room}/members/ann`);
    await using ann = await watcher(server, "ann");
    await ann.shows((_, { rooms: all }) => all.length === 100);
    const { length } = ann.asked;
    const startedAt = performance.now();
    for (const room of rooms)
      await server.call("POST", `/api/rooms/${room}/messages`, { id: `message-${room}`, text: "hello" });
    await ann.shows((_, { rooms: all }) => all.length === 100 && all.every(({ unread }) => unread === 1));
    const seconds = Math.max(1, (performance.now() - startedAt) / 1000);
    expect((ann.asked.length - length) / seconds).to.be.below(15);
  });
});
