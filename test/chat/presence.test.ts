import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import type { Client, Wire } from "../kit/client.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { caughtUp, connectAll, cut, lose, range } from "./scene.ts";

const room = "lobby";
const member = (id: string) => ({ id, name: id });
const join = (client: Client): Promise<Wire> => client.request("room:join", { room });

/** What a client was told of comings and goings, without room and version. */
const changesOf = (client: Client) =>
  client.all("presence:changed").map(({ joined, left, memberCount }) => ({
    joined: joined.map(({ id }: Wire) => id as string),
    left: left.map(({ id }: Wire) => id as string),
    memberCount: memberCount as number,
  }));

describe("presence", () => {
  it("tells a room who came and who left, gathered for 1 s", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using clients = await connectAll(server, ["ann", "bob", "eve"]);
    const [ann, bob, eve] = clients;
    await join(ann);
    await clock.advance(1000);
    await join(bob);
    await clock.advance(500);
    const { version } = await join(eve);
    await clock.advance(499);
    await caughtUp(ann);
    expect(changesOf(ann)).to.deep.equal([]);
    await clock.advance(1);
    await caughtUp(ann);
    const joined = [member("bob"), member("eve")];
    expect(ann.all("presence:changed")).to.deep.equal([{ room, version, joined, left: [], memberCount: 3 }]);
    ann.forget();
    for (const client of [bob, eve]) await client.request("room:leave", { room });
    await clock.advance(1000);
    await caughtUp(ann);
    expect(changesOf(ann)).to.deep.equal([{ joined: [], left: ["bob", "eve"], memberCount: 1 }]);
  });

  it("counts the joiner, and does not tell him of himself, but of those who come after him", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using clients = await connectAll(server, ["ann", "bob", "eve"]);
    const [ann, bob, eve] = clients;
    expect((await join(ann)).members).to.deep.equal([member("ann")]);
    expect((await join(bob)).members).to.deep.equal([member("ann"), member("bob")]);
    expect(await join(eve)).to.include({ memberCount: 3 });
    await clock.advance(1000);
    await caughtUp(...clients);
    expect(changesOf(ann)).to.deep.equal([{ joined: ["bob", "eve"], left: [], memberCount: 3 }]);
    expect(changesOf(bob)).to.deep.equal([{ joined: ["eve"], left: [], memberCount: 3 }]);
    expect(changesOf(eve)).to.deep.equal([]);
  });

  it("tells somebody who comes alone of nobody", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using outside = await server.connect("/chat", "eve");
    await join(ann);
    await clock.advance(1000);
    await caughtUp(ann, outside);
    expect([...changesOf(ann), ...changesOf(outside)]).to.deep.equal([]);
  });

  it("counts a user on five tabs once, until the last of them is gone", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using bob = await server.connect("/chat", "bob");
    await using tabs = await connectAll(server, Array<string>(5).fill("ann"));
    await join(bob);
    for (const tab of tabs) expect(await join(tab)).to.include({ memberCount: 2 });
    await clock.advance(1000);
    await caughtUp(bob);
    expect(changesOf(bob)).to.deep.equal([{ joined: ["ann"], left: [], memberCount: 2 }]);
    bob.forget();
    for (const tab of tabs.slice(1)) await tab.request("room:leave", { room });
    await clock.advance(20_000);
    await caughtUp(bob);
    expect(changesOf(bob)).to.deep.equal([]);
    await tabs[0]?.request("room:leave", { room });
    await clock.advance(1000);
    await caughtUp(bob);
    expect(changesOf(bob)).to.deep.equal([{ joined: [], left: ["ann"], memberCount: 1 }]);
  });

  it("counts a dropped connection for 10 s more", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    for (const client of [bob, ann]) await join(client);
    await clock.advance(1000);
    await caughtUp(bob);
    bob.forget();
    await lose(server, ann);
    await clock.advance(9_999);
    expect(await bob.request("room:members", { room })).to.include({ memberCount: 2 });
    await clock.advance(1);
    expect(await bob.request("room:members", { room })).to.deep.include({ memberCount: 1, members: [member("bob")] });
    expect(changesOf(bob)).to.deep.equal([]);
    await clock.advance(1000);
    await caughtUp(bob);
    expect(changesOf(bob)).to.deep.equal([{ joined: [], left: ["ann"], memberCount: 1 }]);
  });

  it("tells nobody of a reconnect within these 10 s", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    for (const client of [bob, ann]) await join(client);
    await clock.advance(1000);
    await caughtUp(bob);
    bob.forget();
    const { id } = ann.socket;
    cut(ann);
    await eventually(() => !server.carillon.chat?.sockets.has(id ?? ""));
    await clock.advance(9_000);
    expect(await join(ann)).to.include({ memberCount: 2 });
    await clock.advance(60_000);
    await caughtUp(bob);
    expect(changesOf(bob)).to.deep.equal([]);
    expect(await bob.request("room:members", { room })).to.include({ memberCount: 2 });
  });

  it("counts no longer at all after room:leave, room:quit, a kick or a ban", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using bob = await server.connect("/chat", "bob");
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
    await join(bob);
    const ways = {
      leaving: (client: Client) => client.request("room:leave", { room }),
      quitting: (client: Client) => client.request("room:quit", { room }),
      kicked: () => moderator.request("member:kick", { room, user: "kicked" }),
      banned: () => moderator.request("member:ban", { room, user: "banned" }),
    };
    for (const [user, end] of Object.entries(ways)) {
      await using client = await server.connect("/chat", user);
      await join(client);
      await clock.advance(1000);
      await caughtUp(bob);
      bob.forget();
      await end(client);
      expect((await bob.request("room:members", { room })).members, user).to.deep.equal([member("bob")]);
      await clock.advance(1000);
      await caughtUp(bob);
      expect(changesOf(bob), user).to.deep.equal([{ joined: [], left: [user], memberCount: 1 }]);
    }
  });

  for (const action of ["kick", "ban"] as const) {
    it(`counts no longer whose connection was dropped, and who is then met by a ${action}`, async () => {
      const clock = fakeClock();
      await using server = await startServer({ clock });
      await using ann = await server.connect("/chat", "ann");
      await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
      await join(ann);
      await lose(server, ann);
      expect((await moderator.request("room:members", { room })).memberCount).to.equal(1);
      await moderator.request(`member:${action}`, { room, user: "ann" });
      expect((await moderator.request("room:members", { room })).memberCount).to.equal(0);
    });
  }

  it("numbers its changes: each newer than the one before, and than the ack that showed what was before", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    const { version: first } = await join(ann);
    for (const n of range(1, 3)) {
      await using guest = await server.connect("/chat", `guest-${n}`);
      await join(guest);
      await clock.advance(1000);
      await guest.request("room:leave", { room });
      await clock.advance(1000);
    }
    await caughtUp(ann);
    const versions = ann.all("presence:changed").map(({ version }) => version as number);
    expect(versions).to.have.length(6);
    expect(versions).to.deep.equal(versions.toSorted((a, b) => a - b));
    expect(new Set([first, ...versions]).size).to.equal(7);
    expect(versions[0]).to.be.above(first);
    expect((await ann.request("room:members", { room })).version).to.equal(versions.at(-1));
  });

  it("tells how it ended of those who came and went within the second", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using clients = await connectAll(server, ["ann", "bob", "eve"]);
    const [ann, bob, eve] = clients;
    for (const client of [ann, bob]) await join(client);
    await clock.advance(1000);
    await caughtUp(ann);
    ann.forget();
    await join(eve);
    await eve.request("room:leave", { room });
    await bob.request("room:leave", { room });
    await join(bob);
    await clock.advance(1000);
    await caughtUp(ann);
    const [change] = changesOf(ann);
    expect(change).to.deep.equal({ joined: ["bob"], left: ["eve"], memberCount: 2 });
  });
});
