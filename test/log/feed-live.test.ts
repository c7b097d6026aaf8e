import { expect } from "chai";
import type { User } from "../../src/runtime/caller.ts";
import { entriesOf, range, seqsOf } from "../chat/scene.ts";
import type { Client, Wire } from "../kit/client.ts";
import { seededRandom } from "../kit/random.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually, turns } from "../kit/wait.ts";

const ROOM = "lobby";
const SENDER: User = { id: "sender", name: "Sender", roles: [], rooms: ["*"] };

let sent = 0;
const send = (server: TestServer, room = ROOM, text = "hello", user = SENDER) =>
  server.carillon.request(user, "message:send", { id: `message-${sent++}`, room, text });

async function sendMany(server: TestServer, count: number, room = ROOM, text = "hello"): Promise<void> {
  for (let left = count; left > 0; left--) await send(server, room, text);
}

/** A server with more history than a test can fill, and 50 messages to begin with. */
async function startBusy(): Promise<TestServer> {
  const server = await startServer({ historySize: 1_000_000 });
  await sendMany(server, 50);
  return server;
}

/** Sends from three users at once for as long as it stands. */
function startSending(server: TestServer): AsyncDisposable {
  const state = { going: true };
  const senders = ["x", "y", "z"].map(async (id) => {
    while (state.going) {
      await send(server, ROOM, "hello", { ...SENDER, id });
      await turns(1);
    }
  });
  return {
    async [Symbol.asyncDispose]() {
      state.going = false;
      await Promise.all(senders);
    },
  };
}

const epochOf = async (client: Client, room = ROOM) => (await client.request("history:read", { room })).epoch as string;
const socketOf = (server: TestServer, { socket }: Client) => server.carillon.chat?.sockets.get(socket.id ?? "");
const attendedRooms = (server: TestServer) =>
  [...(server.carillon.chat?.adapter.rooms.keys() ?? [])].filter((room) => room.startsWith("room:"));

describe("joining a room while messages pour in from three senders", () => {
  for (const since of [false, true]) {
    it(`leaves neither a gap nor an overlap between ack and events, ${since ? "with" : "without"} since`, async () => {
      await using server = await startBusy();
      await using client = await server.connect("/chat", "ann");
      const random = seededRandom(since ? 1 : 2);
      const epoch = await epochOf(client);
      await using _ = startSending(server);
      for (let joins = 30; joins > 0; joins--) {
        await turns(random.below(10));
        const position = since && { since: { epoch, seq: random.below(40) } };
        client.forget();
        // Noted where it comes, since awaiting it would come after events of the same chunk.
        let ack: Wire;
        client.socket.emit("room:join", { room: ROOM, limit: 1 + random.below(20), ...position }, (reply: Wire) => {
          ack = reply.data;
          expect(client.all("message:sent")).to.deep.equal([]);
        });
        await eventually(() => ack !== undefined && client.all("message:sent").length >= 15);
        const shown = seqsOf(ack.entries);
        const told = seqsOf(client.all("message:sent"));
        const from = position ? position.since.seq : ack.head - shown.length;
        expect([...shown, ...told]).to.deep.equal(range(from + 1, from + shown.length + told.length));
        await client.request("room:leave", { room: ROOM });
      }
    });
  }

  it("shows who is far behind the oldest of it in the ack, and the rest as events before anything new", async () => {
    await using server = await startBusy();
    await using client = await server.connect("/chat", "ann");
    await sendMany(server, 650);
    await using _ = startSending(server);
    const epoch = await epochOf(client);
    const { recovered, entries, head } = await client.request("room:join", {
      room: ROOM,
      since: { epoch, seq: 20 },
      limit: 30,
    });
    await client.event("message:sent", ({ seq }) => seq === head + 50);
    const told = seqsOf(client.all("message:sent"));
    expect(recovered).to.equal(true);
    expect(seqsOf(entries)).to.deep.equal(range(21, 50));
    expect(told).to.deep.equal(range(51, 50 + told.length));
  });
});

/** How a client is made to stop reading, and to go on. */
const PAUSES = {
  websocket({ socket }: Client) {
    // Of the Node client: the TCP socket below its WebSocket.
    const { _socket: tcp } = (socket.io.engine.transport as Wire).ws;
    tcp.pause();
    return async () => void tcp.resume();
  },
  polling({ socket }: Client) {
    const transport = socket.io.engine.transport as Wire;
    const paused = new Promise<void>((resolve) => transport.pause(resolve));
    return async () => {
      await paused;
      transport.readyState = "open";
      transport.doOpen();
    };
  },
};

/** More than the kernel takes for a client that does not read, and many times MAX_BUFFER_BYTES. */
const TEXT = { websocket: "€".repeat(4_000), polling: "x".repeat(4_000) };

describe("catching up", () => {
  for (const name of ["websocket", "polling"] as const) {
    it(`is paced for a client that does not read, and not cut: it has everything once it reads again, by ${name}`, async () => {
      await using server = await startServer();
      await using client = await server.connect("/chat", "ann", {}, { transports: [name] });
      await sendMany(server, 1000, ROOM, TEXT[name]);
      const epoch = await epochOf(client);
      const socket = socketOf(server, client);
      let ack: Wire;
      let resume: (() => Promise<void>) | undefined;
      client.socket.emit("room:join", { room: ROOM, since: { epoch, seq: 1 }, limit: 10 }, (reply: Wire) => {
        ack = reply;
        resume = PAUSES[name](client);
      });
      await eventually(() => resume !== undefined);
      // Not level, and not getting there: everything that the connection takes ahead is full.
      await eventually(() => socket?.conn.transport.writable === false);
      await turns(200);
      await send(server, ROOM, "new");
      expect(socket?.connected).to.equal(true);
      expect(attendedRooms(server)).to.deep.equal([]);

      await resume?.();
      await client.event("message:sent", ({ text }) => text === "new");
      expect(seqsOf(ack.data.entries)).to.deep.equal(range(2, 11));
      expect(seqsOf(client.all("message:sent"))).to.deep.equal(range(12, 1001));
      expect(client.all("session:closing")).to.deep.equal([]);
      expect(socketOf(server, client)).to.equal(socket);
      // A polling client's good-bye takes a request; a server that closes before it waits for the next poll.
      client.socket.disconnect();
      await eventually(() => server.carillon.io.engine.clientsCount === 0);
    });
  }

  it("with many rooms at once is paced too: one connection, one pace", async () => {
    await using server = await startServer();
    await using client = await server.connect("/chat", "ann");
    const rooms = range(1, 20).map((n) => `room-${n}`);
    for (const room of rooms) await sendMany(server, 30, room, TEXT.websocket);
    const wanted = [];
    for (const room of rooms) wanted.push({ room, since: { epoch: await epochOf(client, room), seq: 0 } });
    const socket = socketOf(server, client);
    const { rooms: acks } = await client.request("rooms:join", { rooms: wanted });
    await eventually(() => attendedRooms(server).length === rooms.length);
    await eventually(() => rooms.every((room) => seenOf(client, acks, room).length === 30));
    for (const room of rooms) expect(seenOf(client, acks, room)).to.deep.equal(range(1, 30));
    expect(socketOf(server, client)).to.equal(socket);
  });

  it("leaves nothing behind when the connection breaks in the middle of it", async () => {
    await using server = await startServer();
    await using client = await server.connect("/chat", "ann");
    await sendMany(server, 1000, ROOM, TEXT.websocket);
    const epoch = await epochOf(client);
    PAUSES.websocket(client);
    client.socket.io.reconnection(false);
    client.socket.emit("room:join", { room: ROOM, since: { epoch, seq: 0 }, limit: 10 });
    const socket = socketOf(server, client);
    await eventually(() => socket?.conn.transport.writable === false);
    const { ws } = client.socket.io.engine.transport as Wire;
    ws.terminate();
    await eventually(() => server.carillon.chat?.sockets.size === 0);
    await send(server, ROOM, "new");
    await turns();
    expect([...(server.carillon.chat?.adapter.rooms.keys() ?? [])]).to.deep.equal([]);
    expect(socket?.rooms.size).to.equal(0);
  });

  it("may be left and begun again: nothing comes in between, and all from the new position on", async () => {
    await using server = await startServer();
    await using client = await server.connect("/chat", "ann");
    await sendMany(server, 500, ROOM, TEXT.websocket);
    const epoch = await epochOf(client);
    await client.request("room:join", { room: ROOM, since: { epoch, seq: 0 }, limit: 1 });
    await client.request("room:leave", { room: ROOM });
    client.forget();
    await send(server);
    await client.request("room:members", { room: ROOM });
    expect(entriesOf(client)).to.deep.equal([]);
    const { entries } = await client.request("room:join", { room: ROOM, since: { epoch, seq: 400 }, limit: 5 });
    await client.event("message:sent", ({ seq }) => seq === 501);
    expect(seqsOf([...entries, ...client.all("message:sent")])).to.deep.equal(range(401, 501));
  });
});

describe("joining again on the same socket", () => {
  it("neither overlaps nor leaves a gap, counted from the last join, while messages pour in", async () => {
    await using server = await startBusy();
    await using client = await server.connect("/chat", "ann");
    const random = seededRandom(3);
    await using _ = startSending(server);
    const epoch = await epochOf(client);
    for (let joins = 30; joins > 0; joins--) {
      const since = random.percent(50) && { since: { epoch, seq: random.below(50) } };
      let ack: Wire;
      client.socket.emit("room:join", { room: ROOM, limit: 10, ...since }, (reply: Wire) => {
        ack = reply.data;
        client.forget();
      });
      await eventually(() => ack !== undefined && client.all("message:sent").length >= random.below(20));
      const from = since ? since.since.seq : ack.head - ack.entries.length;
      const seen = seqsOf([...ack.entries, ...client.all("message:sent")]);
      expect(seen).to.deep.equal(range(from + 1, from + seen.length));
    }
  });

  it("keeps the attendance that is there when it is refused", async () => {
    let allowed = true;
    await using server = await startServer({ authorize: ({ user }) => allowed || user.id === SENDER.id });
    await using client = await server.connect("/chat", "ann");
    await client.request("room:join", { room: ROOM });
    await send(server);
    allowed = false;
    expect(await client.refusal("room:join", { room: ROOM })).to.equal("forbidden");
    await send(server);
    await client.event("message:sent", ({ seq }) => seq === 2);
    expect(seqsOf(client.all("message:sent"))).to.deep.equal([1, 2]);
  });
});

/** What a client was shown of a room: in the ack, and since. */
function seenOf(client: Client, acks: Wire[], room: string): number[] {
  const shown = acks.find(({ data }) => data.room === room).data.entries as Wire[];
  return seqsOf([...shown, ...client.all("message:sent").filter((entry) => entry.room === room)]);
}
