import { expect } from "chai";
import type { Client } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { RawClient, RawPoller } from "../kit/raw.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const refusalOf = (client: Client) =>
  new Promise<Error & { data?: unknown }>((resolve) => client.socket.once("connect_error", resolve));

describe("a connection without a namespace", () => {
  it("is closed 10 s after its handshake", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    const { engine } = server.carillon.io;
    await using raw = await new RawClient(server.url).open();
    const pollers = await Promise.all(Array.from({ length: 20 }, () => RawPoller.open(server.url)));
    expect(engine.clientsCount).to.equal(21);
    await clock.advance(9_999);
    expect(engine.clientsCount).to.equal(21);
    await clock.advance(1);
    expect(engine.clientsCount).to.equal(0);
    await raw.closed();
    for (const poller of pollers) expect(await poller.poll()).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
  });

  it("is closed 10 s after it has left its last one, counted from then", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using raw = await new RawClient(server.url).open();
    const token = await server.token("ann");
    const sockets = () => [...(server.carillon.chat?.sockets.values() ?? [])];
    const come = async () => {
      raw.heard.length = 0;
      await raw.enter("/chat", token);
    };
    const leave = async () => {
      raw.send("41/chat,");
      await eventually(() => sockets().length === 0);
    };
    await come();
    await leave();
    await clock.advance(9_000);
    await come();
    await clock.advance(20_000);
    await leave();
    await clock.advance(9_999);
    expect(server.carillon.io.engine.clientsCount).to.equal(1);
    await clock.advance(1);
    expect(server.carillon.io.engine.clientsCount).to.equal(0);
    await raw.closed();
  });

  it("is closed too where it was refused for good and nothing else was tried", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using raw = await new RawClient(server.url).open();
    expect(await raw.enter("/chat", "x")).to.match(/^44/);
    await clock.advance(10_000);
    await raw.closed();
  });

  it("leaves nothing behind: neither timers nor listeners, however often it comes and goes", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock, authenticate: (token) => ({ id: String(token) }) });
    await using raw = await new RawClient(server.url).open();
    await raw.enter("/notify", "ann");
    const [socket] = [...(server.carillon.notify?.sockets.values() ?? [])];
    if (!socket) throw new Error("nobody there");
    const listeners = () => socket.conn.eventNames().map((name) => [name, socket.conn.listenerCount(name)]);
    const before = { listeners: listeners(), timers: clock.pending };
    for (let round = 0; round < 30; round++) {
      raw.heard.length = 0;
      await raw.enter("/chat", "ann");
      raw.send("41/chat,");
      await eventually(() => server.carillon.chat?.sockets.size === 0);
    }
    expect({ listeners: listeners(), timers: clock.pending }).to.deep.equal(before);
  });
});

describe("CONNECT", () => {
  it("to / or to a namespace that there is not is refused as Socket.IO does", async () => {
    await using server = await startServer();
    const token = await server.token("ann");
    for (const namespace of ["/", "/nowhere", "/chat/", "/__proto__"]) {
      await using client = server.client(namespace, token);
      const { message, data } = await refusalOf(client);
      expect({ message, data }, namespace).to.deep.equal({ message: "Invalid namespace", data: undefined });
      expect(client.socket.active).to.equal(false);
    }
    expect(server.carillon.io.of("/").sockets.size).to.equal(0);
  });

  it("500 times in one burst makes no socket at all, and ends the connection", async () => {
    let asked = 0;
    const authenticate = async () => {
      asked++;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { id: "mallory" };
    };
    await using server = await startServer({ authenticate });
    let admitted = 0;
    server.carillon.chat?.on("connection", () => admitted++);
    await using raw = await new RawClient(server.url).open();
    raw.send(...Array<string>(500).fill('40/chat,{"token":"x"}'));
    await raw.closed();
    const { _preConnectSockets: waiting } = server.carillon.chat as unknown as {
      _preConnectSockets: Map<string, unknown>;
    };
    await eventually(() => waiting.size === 0);
    expect([asked, admitted, server.carillon.chat?.sockets.size]).to.deep.equal([1, 0, 0]);
  });

  it("may come again on the same transport after a refusal, and after a leave", async () => {
    await using server = await startServer();
    await using bob = await server.connect("/notify", "bob");
    const options = { token: "x" };
    const ann = bob.socket.io.socket("/chat", { auth: (give) => give(options) });
    const refused = await new Promise<Error>((resolve) => ann.once("connect_error", resolve));
    expect(refused.message).to.equal("unauthorized");
    options.token = await server.token("ann");
    for (const _ of [1, 2]) {
      ann.connect();
      await eventually(() => ann.connected);
      expect((await ann.emitWithAck("room:mine", {})).ok).to.equal(true);
      ann.disconnect();
      await eventually(() => server.carillon.chat?.sockets.size === 0);
    }
    expect(bob.all("session:opened")).to.have.lengthOf(1);
  });
});
