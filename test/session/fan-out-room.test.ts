import { expect } from "chai";
import type { Namespace, Socket } from "socket.io";
import { fakeClock } from "../kit/clock.ts";
import { type Random, seededRandom } from "../kit/random.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { watchWrites } from "./fan-out-scene.ts";

const ROOMS = ["sample-a", "sample-b"] as const;

/** So many that a room is not looked up for each broadcast; some of them are polling. */
const CLIENTS = 12;
const POLLING = 2;

/** After so long, what comes next is not taken for more of the same. */
const QUIET_MS = 5;

interface Listener {
  readonly socket: Socket;
  readonly heard: string[];
}

/** Clients that take whatever they are sent, each in the first room. */
async function listeners(server: TestServer) {
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, index) =>
      server.connect("/chat", `user-${index}`, {}, { transports: [index < POLLING ? "polling" : "websocket"] }),
    ),
  );
  const list = clients.map(({ socket: client }): Listener => {
    const heard: string[] = [];
    client.offAny();
    client.on("sample", (text: string | Uint8Array) =>
      heard.push(typeof text === "string" ? text : `binary ${text[0]}`),
    );
    const socket = server.carillon.chat?.sockets.get(client.id ?? "");
    if (!socket) throw new Error("it is not there");
    void socket.join(ROOMS[0]);
    return { socket, heard };
  });
  return {
    list,
    namespace: server.carillon.chat as unknown as Namespace,
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    },
  };
}

/** What a client is to hear, by its place. */
type Expected = readonly string[][];

/** One thing that is done in a turn, by chance, and what it lets everybody hear. */
function act(random: Random, n: number, namespace: Namespace, all: readonly Listener[], expected: Expected): void {
  const index = random.below(all.length);
  const room = ROOMS[random.percent(70) ? 0 : 1];
  const one = all[index] as Listener;
  const tell = (text: string, hears: (listener: Listener) => boolean) =>
    all.forEach((listener, place) => hears(listener) && expected[place]?.push(text));
  const isIn = ({ socket }: Listener) => socket.rooms.has(room);
  const kind = random.next();
  if (kind < 0.6) {
    tell(`${n} ${room}`, isIn);
    namespace.local.to(room).emit("sample", `${n} ${room}`);
  } else if (kind < 0.75) {
    tell(`${n} alone`, (listener) => listener === one);
    one.socket.emit("sample", `${n} alone`);
  } else if (kind < 0.8) {
    tell(`binary ${n % 256}`, isIn);
    namespace.local.to(room).emit("sample", Buffer.from([n % 256]));
  } else if (kind < 0.85) {
    tell(`${n} others`, (listener) => isIn(listener) && listener !== one);
    one.socket.to(room).emit("sample", `${n} others`);
  } else if (kind < 0.9) {
    tell(`${n} all`, () => true);
    namespace.emit("sample", `${n} all`);
  } else if (one.socket.rooms.has(room)) void one.socket.leave(room);
  else void one.socket.join(room);
}

describe("fan-out to a room", () => {
  it("gives everybody what was meant for him, in its order, whoever comes and goes and whatever else is sent in a turn", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using clients = await listeners(server);
    const { list, namespace } = clients;
    const random = seededRandom(7);
    const expected: Expected = list.map(() => []);
    let n = 0;
    for (let turn = 0; turn < 200; turn++) {
      // Before some turns it was quiet.
      if (random.percent(50)) await clock.advance(QUIET_MS);
      for (let left = random.percent(50) ? random.below(8) : 0; left >= 0; left--)
        act(random, n++, namespace, list, expected);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const [place, { heard }] of list.entries()) {
      await eventually(() => heard.length >= (expected[place]?.length ?? 0));
      expect(heard, `client ${place}`).to.deep.equal(expected[place]);
    }
  });

  it("is one write for each of its members, of the same bytes, and by itself for who is sent something else as well", async () => {
    await using server = await startServer();
    await using clients = await listeners(server);
    const { list, namespace } = clients;
    const written = watchWrites(server);
    const [busy] = list.slice(POLLING);
    for (const text of ["first", "second"]) namespace.local.to(ROOMS[0]).emit("sample", text);
    busy?.socket.emit("sample", "alone");
    namespace.local.to(ROOMS[0]).emit("sample", "third");
    for (const listener of list) await eventually(() => listener.heard.length === (listener === busy ? 4 : 3));
    expect(busy?.heard).to.deep.equal(["first", "second", "alone", "third"]);
    expect(new Set(written.map(({ sid }) => sid)).size).to.equal(CLIENTS - POLLING);
    expect(written).to.have.length(CLIENTS - POLLING);
    const shared = written.filter(({ sid }) => sid !== busy?.socket.id).map(({ chunk }) => chunk);
    expect(new Set(shared).size).to.equal(1);
  });

  it("leaves at once where nothing was sent just before and the last turn had no more, and at the end of the turn otherwise", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using clients = await listeners(server);
    const { list, namespace } = clients;
    const written = watchWrites(server);
    const all = CLIENTS - POLLING;
    let told = 0;
    /** @returns how many writes were made for so many messages: before the turn was over, and by its end */
    const turn = async (...messages: string[]) => {
      const before = written.length;
      for (const text of messages) namespace.local.to(ROOMS[0]).emit("sample", text);
      const atOnce = written.length - before;
      told += messages.length;
      for (const { heard } of list) await eventually(() => heard.length === told);
      return [atOnce, written.length - before];
    };
    expect(await turn("the first of all")).to.deep.equal([0, all]);
    expect(await turn("just after another")).to.deep.equal([0, all]);
    await clock.advance(QUIET_MS);
    expect(await turn("one")).to.deep.equal([all, all]);
    await clock.advance(QUIET_MS);
    expect(await turn("one", "two", "three")).to.deep.equal([all, 2 * all]);
    await clock.advance(QUIET_MS);
    expect(await turn("one", "two", "three")).to.deep.equal([0, all]);
    await clock.advance(QUIET_MS);
    expect(await turn("one again")).to.deep.equal([0, all]);
    await clock.advance(QUIET_MS);
    expect(await turn("one")).to.deep.equal([all, all]);
  });

  it("is one write for each member of several rooms, however their messages take turns", async () => {
    await using server = await startServer();
    await using clients = await listeners(server);
    const { list, namespace } = clients;
    for (const { socket } of list) void socket.join(ROOMS[1]);
    const written = watchWrites(server);
    for (let n = 0; n < 4; n++) for (const room of ROOMS) namespace.local.to(room).emit("sample", `${n} ${room}`);
    for (const { heard } of list) await eventually(() => heard.length === 8);
    expect(written).to.have.length(CLIENTS - POLLING);
  });

  it("tells those who listen to what goes out, also when they have begun to after the room was looked up", async () => {
    await using server = await startServer();
    await using clients = await listeners(server);
    const { list, namespace } = clients;
    namespace.local.to(ROOMS[0]).emit("sample", "first");
    const told: unknown[] = [];
    list.at(-1)?.socket.onAnyOutgoing((...args: unknown[]) => told.push(args));
    namespace.local.to(ROOMS[0]).emit("sample", "second");
    expect(told).to.deep.equal([["sample", "second"]]);
    for (const { heard } of list) await eventually(() => heard.length === 2);
  });
});
