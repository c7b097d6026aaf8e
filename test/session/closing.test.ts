import { once } from "node:events";
import { expect } from "chai";
import { type Authorize, CarillonError } from "../../src/index.ts";
import type { Client } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { RawClient, RawPoller } from "../kit/raw.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { eventually } from "../kit/wait.ts";

/** Names of all that a client hears and goes through, in order. */
function diaryOf({ socket }: Client): string[] {
  const diary: string[] = [];
  socket.onAny((name: string) => diary.push(name));
  socket.on("disconnect", (reason) => diary.push(reason));
  socket.on("connect", () => diary.push("connect"));
  return diary;
}

/** TCP connections, whatever engine.io thinks of them. */
const connectionsOf = ({ http }: TestServer) =>
  new Promise<number>((resolve, reject) => {
    http.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });

describe("a close by the server", () => {
  for (const [transport, options] of TRANSPORTS) {
    describe(`of a client over ${transport}`, () => {
      it("is told first and ends only the namespace when it is terminal; others on the transport live on", async () => {
        await using server = await startServer();
        await using ann = await server.connect("/chat", "ann", {}, options);
        await using bob = await ann.beside("/notify", await server.token("bob")).connected();
        const diary = diaryOf(ann);
        const transportId = ann.socket.io.engine.id;
        await server.carillon.revoke("ann");
        await eventually(() => !ann.socket.connected);
        expect(diary).to.deep.equal(["session:closing", "io server disconnect"]);
        expect(ann.all("session:closing")).to.deep.equal([new CarillonError("unauthorized").failure]);
        expect(ann.socket.active).to.equal(false);
        expect(await bob.request("topic:list")).to.deep.equal({ topics: [] });
        expect(bob.all("session:closing")).to.deep.equal([]);
        expect(bob.socket.io.engine.id).to.equal(transportId);
        expect(diary).to.have.lengthOf(2);
      });

      it("is told first, to all, and ends the transport when it is retryable; the client comes back by itself", async () => {
        const clock = fakeClock();
        await using server = await startServer({ clock, rate: { perSec: 1, burst: 3 } });
        await using ann = await server.connect("/chat", "ann", {}, options);
        await using inbox = await ann.beside("/notify", await server.token("ann")).connected();
        const diary = diaryOf(ann);
        for (let n = 0; n < 6; n++) ann.socket.emit("room:mine", {});
        const reason = await ann.event("session:closing");
        expect(reason).to.deep.equal({ ...new CarillonError("rate_limited").failure, retryAfterMs: 1000 });
        await inbox.event("session:closing", ({ code }) => code === "rate_limited");
        await eventually(() => ann.all("session:opened").length === 2 && inbox.all("session:opened").length === 2);
        expect(diary[0]).to.equal("session:closing");
        expect(diary[1]).to.be.oneOf(["transport close", "transport error"]);
        expect(diary.slice(2)).to.deep.equal(["connect", "session:opened"]);
        expect(await ann.request("room:mine")).to.deep.equal({ rooms: [] });
      });
    });
  }

  it("is counted by its code", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await server.carillon.revoke("ann");
    await ann.event("session:closing");
    const { body } = await server.call("GET", "/metrics");
    expect(body).to.match(/^carillon_closes_total\{code="unauthorized"\} 1$/m);
  });

  it("finds a socket that was on its way in when its user was revoked", async () => {
    await using server = await startServer();
    // Whatever a host asks of its own after our guard has let somebody pass.
    server.carillon.chat?.use((_socket, next) => void server.carillon.revoke("ann").then(() => next()));
    await using ann = server.client("/chat", await server.token("ann"));
    await ann.event("session:closing", ({ code }) => code === "unauthorized");
    await eventually(() => !ann.socket.active);
  });

  it("finds a socket that was on its way in when the drain began", async () => {
    await using server = await startServer();
    let comes = 0;
    server.carillon.chat?.use((_socket, next) => {
      if (comes++ === 0) void server.carillon.drain().then(() => next());
      else next();
    });
    await using ann = server.client("/chat", await server.token("ann"));
    await ann.event("session:closing", ({ code, retryable }) => code === "draining" && retryable);
    expect(ann.socket.active).to.equal(true);
  });

  it("leaves what waited for its turn undone", async () => {
    let release!: (allowed: boolean) => void;
    const held = new Promise<boolean>((resolve) => (release = resolve));
    let asked = 0;
    const authorize: Authorize = ({ user }) => {
      asked++;
      return user.id !== "ann" || held;
    };
    await using server = await startServer({ authorize });
    await using ann = await server.connect("/chat", "ann");
    for (const n of [1, 2, 3]) {
      ann.socket.emit("message:send", { id: `message-${n}`, room: "lobby", text: `${n}` }, () => {});
    }
    await eventually(() => asked > 0);
    await using bob = await server.connect("/chat", "bob");
    await server.carillon.revoke("ann");
    await eventually(() => !ann.socket.connected);
    release(true);
    // The first was under way already: it may count. Its successors come after the close.
    const { entries } = await eventually(async () => {
      const page = await bob.request("history:read", { room: "lobby" });
      return page.entries.length > 0 && page;
    });
    expect(entries.map(({ text }: { text: string }) => text)).to.deep.equal(["1"]);
  });

  it("does not wait for a client that does not read: after 10 s the connection is cut", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock, maxBufferBytes: 64 * 1024 * 1024 });
    await using raw = await new RawClient(server.url).open();
    await raw.enter("/chat", await server.token("ann"));
    raw.stall();
    const [socket] = [...(server.carillon.chat?.sockets.values() ?? [])];
    if (!socket) throw new Error("nobody there");
    const filler = "x".repeat(1024 * 1024);
    for (let n = 0; n < 16; n++) socket.emit("filler", filler);
    socket.data.session.close(new CarillonError("unavailable"));
    await clock.advance(9_999);
    expect(await connectionsOf(server)).to.equal(1);
    await clock.advance(1);
    await eventually(async () => (await connectionsOf(server)) === 0);
  });

  it("does not wait for a client that polls no more: after 10 s it is forgotten", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    // The one has heard what is said to it, and has only the end of the transport to fetch; the other not even that.
    for (const polls of [true, false]) {
      const poller = await RawPoller.open(server.url);
      const entered = await poller.enter("/chat", await server.token("ann"));
      // A poll that was there before the answer has taken its first packet alone.
      if (!entered.some((packet) => packet.includes("session:opened"))) await poller.poll();
      const [socket] = [...(server.carillon.chat?.sockets.values() ?? [])];
      if (!socket) throw new Error("nobody there");
      let isKnown = true;
      socket.conn.once("close", () => (isKnown = false));
      const heard = polls ? poller.poll() : [];
      if (polls) await once(socket.conn.transport, "ready");
      socket.data.session.close(new CarillonError("unavailable"));
      expect((await heard).filter((packet) => packet.includes("unavailable"))).to.have.lengthOf(polls ? 1 : 0);
      await clock.advance(9_999);
      expect(isKnown).to.equal(true);
      await clock.advance(1);
      expect(isKnown).to.equal(false);
      expect(server.carillon.chat?.sockets.size).to.equal(0);
      expect(await poller.poll()).to.deep.equal([]);
    }
  });
});
