import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { RawClient, RawPoller } from "../kit/raw.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const MAX_BUFFER_BYTES = 256 * 1024;
const ROOM = "lobby";
/** 12 KB that no compression makes smaller. */
const TEXT = randomBytes(1_500).toString("hex");
const DATA = { noise: randomBytes(3_900).toString("hex") };

const SPEAKER = { id: "speaker", name: "Speaker", roles: [], rooms: ["*"] };

async function say(server: TestServer, n: number): Promise<void> {
  await server.carillon.request(SPEAKER, "message:send", { id: `message-${n}`, room: ROOM, text: TEXT, data: DATA });
}

interface Waiting {
  readonly writeBuffer: readonly { readonly data?: string }[];
  readonly transport: { readonly socket?: { readonly bufferedAmount: number } };
}

/** How much waits in this process for each client, however engine.io and ws share it among them. */
function waitingBytes(server: TestServer): number[] {
  const { clients } = server.carillon.io.engine as unknown as { clients: Record<string, Waiting> };
  return Object.values(clients).map(({ writeBuffer, transport }) => {
    const queued = writeBuffer.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
    return queued + (transport.socket?.bufferedAmount ?? 0);
  });
}

describe("a client that does not read", () => {
  it("is cut over websocket once MAX_BUFFER_BYTES wait for it; memory stays bounded and others miss nothing", async () => {
    await using server = await startServer({ maxBufferBytes: MAX_BUFFER_BYTES });
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room: ROOM });
    await using raw = await new RawClient(server.url).open();
    await raw.enter("/chat", await server.token("mallory"));
    raw.send(`42/chat,1["room:join",{"room":"${ROOM}"}]`);
    await raw.ack("/chat", 1);
    raw.stall();
    let n = 0;
    let most = 0;
    while (server.carillon.io.engine.clientsCount === 2 && n < 2_000) {
      await say(server, ++n);
      most = Math.max(most, ...waitingBytes(server));
      // The kernel takes some megabytes first, and shows only between turns how much.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(n).to.be.lessThan(2_000);
    expect(most).to.be.within(MAX_BUFFER_BYTES / 2, MAX_BUFFER_BYTES + 16 * 1024);
    await eventually(() => server.carillon.chat?.sockets.size === 1);
    await bob.event("message:sent", ({ seq }) => seq === n);
    expect(bob.all("message:sent").map(({ seq }) => seq)).to.deep.equal([...Array(n).keys()].map((k) => k + 1));
    const { body } = await server.call("GET", "/metrics");
    expect(body).to.match(/^carillon_slow_closes_total 1$/m);
    expect(body).to.match(/^carillon_closes_total\{code="slow_consumer"\} 1$/m);
  });

  it("is cut over polling, where nothing but the queue tells it", async () => {
    await using server = await startServer({ maxBufferBytes: MAX_BUFFER_BYTES });
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room: ROOM });
    const poller = await RawPoller.open(server.url);
    await poller.enter("/chat", await server.token("mallory"));
    await poller.send(`42/chat,1["room:join",{"room":"${ROOM}"}]`);
    await poller.poll();
    let n = 0;
    while (server.carillon.io.engine.clientsCount === 2 && n < 100) await say(server, ++n);
    expect(n).to.be.within(10, 40);
    expect(await poller.poll()).to.deep.equal([]);
    await bob.event("message:sent", ({ seq }) => seq === n);
    expect(server.carillon.chat?.sockets.size).to.equal(1);
    const { body } = await server.call("GET", "/metrics");
    expect(body).to.match(/^carillon_slow_closes_total 1$/m);
  });

  it("is cut for what ws holds as well as for what engine.io queues", async () => {
    await using server = await startServer({ maxBufferBytes: MAX_BUFFER_BYTES });
    await using raw = await new RawClient(server.url).open();
    await raw.enter("/chat", await server.token("mallory"));
    raw.stall();
    // Each is more than half of what may wait: with one held by ws, which the kernel does not take, there is no place for another.
    const half = "x".repeat(0.6 * MAX_BUFFER_BYTES);
    let most = 0;
    for (let n = 0; n < 200 && server.carillon.io.engine.clientsCount === 1; n++) {
      server.carillon.chat?.to("user:mallory").emit("filler", half);
      // What a turn sends is written at its end.
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, ...waitingBytes(server));
    }
    expect(server.carillon.io.engine.clientsCount).to.equal(0);
    expect(most).to.be.within(half.length, MAX_BUFFER_BYTES);
  });

  it("comes back by itself, and is given what it missed", async () => {
    await using server = await startServer({ maxBufferBytes: MAX_BUFFER_BYTES });
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await ann.request("room:join", { room: ROOM });
    // One turn that writes more than the kernel takes and may wait: not even a client that reads could have taken it.
    for (let n = 0; n < 1_000; n++) server.carillon.chat?.to(`user:ann`).emit("presence:changed", filler);
    await eventually(() => ann.all("session:opened").length === 2);
    await say(server, 1);
    const again = await ann.request("room:join", { room: ROOM, since: { epoch, seq: 0 } });
    expect(again).to.deep.include({ recovered: true, head: 1 });
  });
});

/** An event of the contract's that is large. */
const members = Array.from({ length: 200 }, (_, n) => ({ id: `user-${n}`, name: "x".repeat(60) }));
const filler = { room: ROOM, version: 1, joined: members, left: [], memberCount: 200 };

describe("a client that reads", () => {
  for (const transport of ["websocket", "polling"]) {
    it(`is not cut however much it asks for at once, over ${transport}`, async () => {
      await using server = await startServer();
      for (let n = 1; n <= 20; n++) await say(server, n);
      await using ann = await server.connect("/chat", "ann", {}, { transports: [transport] });
      const asked = [...Array(15)].map(() => ann.request("history:read", { room: ROOM, limit: 300 }));
      const pages = await Promise.all(asked);
      for (const { entries } of pages) expect(JSON.stringify(entries)).to.have.length.above(200 * 1024);
      expect(ann.socket.connected).to.equal(true);
      expect(ann.all("session:closing")).to.deep.equal([]);
    });
  }
});
