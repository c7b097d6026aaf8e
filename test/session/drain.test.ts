import { readdir } from "node:fs/promises";
import { expect } from "chai";
import type { Client } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { RawClient } from "../kit/raw.ts";
import { folder } from "../kit/routed.ts";
import { SECRET, startServer } from "../kit/server.ts";
import { handshake, poll } from "../kit/sessions.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { eventually } from "../kit/wait.ts";

const isDraining = ({ code, retryable }: { code: string; retryable: boolean }) => code === "draining" && retryable;

describe("a drain", () => {
  it("tells every client, on every transport, how long to wait, and is over when they have heard it", async () => {
    await using server = await startServer({ drainMs: 60 });
    const clients: Client[] = [];
    for (const [transport, options] of TRANSPORTS)
      clients.push(
        await server.connect("/chat", transport.replaceAll(" ", "-"), {}, { ...options, reconnection: false }),
      );
    const [first] = clients;
    await using beside = await first?.beside("/notify", await server.token("bob")).connected();
    await server.carillon.drain();
    for (const client of [...clients, ...(beside ? [beside] : [])]) {
      const { retryAfterMs } = await client.event("session:closing", isDraining);
      expect(retryAfterMs).to.be.within(0, 60);
      await eventually(() => !client.socket.connected);
    }
    expect(server.carillon.io.engine.clientsCount).to.equal(0);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  it("spreads the closes over DRAIN_MS, in which those who are not yet told are served", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock, drainMs: 100 });
    const clients: Client[] = [];
    for (let n = 0; n < 10; n++) clients.push(await server.connect("/chat", `user-${n}`, {}, { reconnection: false }));
    const told = () => clients.filter((client) => client.all("session:closing").length > 0).length;
    const drained = server.carillon.drain();
    await clock.advance(0);
    await eventually(() => told() === 1);
    await clock.advance(49);
    await eventually(() => told() === 5);
    await clients.at(-1)?.request("room:mine");
    await clock.advance(41);
    await drained;
    expect(told()).to.equal(10);
    for (const client of clients) expect(client.all("session:closing")[0].retryAfterMs).to.be.within(0, 100);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  it("lets nobody in any more, asks nobody about them, and says so on /readyz", async () => {
    let asked = 0;
    const authenticate = () => {
      asked++;
      return { id: "ann" };
    };
    await using server = await startServer({ authenticate });
    await server.carillon.drain();
    await using raw = await new RawClient(server.url).open();
    raw.send('40/chat,{"token":"x"}');
    await raw.closed();
    expect(raw.heard.slice(1)).to.deep.equal([]);
    expect(asked).to.equal(0);
    expect((await server.call("GET", "/readyz")).status).to.equal(503);
  });

  it("ends in a close that refuses nobody for good, however long it takes", async () => {
    await using directory = await folder();
    const routing = { directory: directory.path, secret: SECRET };
    await using server = await startServer({ routing });
    await using other = await startServer({ routing });
    await using late = await new RawClient(server.url).open();
    // A poll by way of another worker, which the close gives half a second.
    const sid = await handshake(server.url);
    const parked = poll(other.url, sid).catch(() => {});
    await eventually(() => server.carillon.io.engine.clientsCount === 2);
    const workers = (await readdir(directory.path)).length;
    const closing = server.carillon.close();
    await eventually(async () => (await readdir(directory.path)).length < workers);
    late.send(`40/chat,{"token":"${await server.token("ann")}"}`);
    await late.closed();
    expect(late.heard.slice(1)).to.deep.equal([]);
    await Promise.all([closing, parked]);
  });

  it("waits for what is under way, and not for long", async () => {
    const clock = fakeClock();
    const held: Record<string, (allowed: boolean) => void> = {};
    const authorize = ({ user }: { user: { id: string } }) =>
      new Promise<boolean>((resolve) => (held[user.id] = resolve));
    await using server = await startServer({ clock, authorize, drainMs: 40 });
    await using ann = await server.connect("/chat", "ann", {}, { reconnection: false });
    await using bob = await server.connect("/chat", "bob", {}, { reconnection: false });
    const anns = ann.ask("history:read", { room: "lobby" });
    const bobs = bob.ask("history:read", { room: "lobby" }).catch(() => "lost");
    await eventually(() => held["ann"] && held["bob"]);
    const drained = server.carillon.drain();
    await clock.advance(20);
    held["ann"]?.(true);
    expect((await anns).ok).to.equal(true);
    await ann.event("session:closing", isDraining);
    await clock.advance(1_499);
    expect(bob.all("session:closing")).to.deep.equal([]);
    await clock.advance(1);
    await bob.event("session:closing", isDraining);
    await drained;
    expect(await bobs).to.equal("lost");
  });

  it("is not over before what it says has left: whoever is answered last hears it too, though all is closed right then", async () => {
    const clock = fakeClock();
    let release: ((allowed: boolean) => void) | undefined;
    const held = new Promise<boolean>((resolve) => (release = resolve));
    await using server = await startServer({ clock, authorize: () => held });
    await using ann = await server.connect("/chat", "ann", {}, { reconnection: false });
    const acks: boolean[] = [];
    ann.socket.emit("history:read", { room: "lobby" }, ({ ok }: { ok: boolean }) => acks.push(ok));
    // Answered out of turn: what was sent before it has arrived.
    await ann.refusal("no:such");
    const closed = server.carillon.drain().then(() => server.carillon.close());
    await clock.advance(0);
    release?.(true);
    await closed;
    await ann.event("session:closing", isDraining);
    expect(acks).to.deep.equal([true]);
  });
});
