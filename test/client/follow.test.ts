import { expect } from "chai";
import { type Entry, follow } from "../../client/index.ts";
import { CarillonError } from "../../src/protocol/errors.ts";
import { caughtUp, freshId, range, say, sayAll } from "../chat/scene.ts";
import { seededRandom } from "../kit/random.ts";
import { startServer } from "../kit/server.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { eventually } from "../kit/wait.ts";
import { behindProxy } from "./connection.ts";
import { followed, isUpgraded, room, through } from "./following.ts";

describe("follow(), over a stock socket", () => {
  it("begins with the newest messages, and tells each entry of whatever kind from there on", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await sayAll(bob, room, ["one", "two", "three"]);
    const lobby = followed(ann, { limit: 2 });
    await eventually(() => lobby.joins.length === 1);
    const [reset] = lobby.resets();
    expect(reset).to.deep.include({ kind: "reset", room, why: "joined", head: 3 });
    expect(reset?.entries.map(({ text }) => text)).to.deep.equal(["two", "three"]);
    expect(lobby.joins[0]).to.include({ memberCount: 1, unread: 3 });
    await say(bob, room, "four");
    await bob.request("message:edit", { id: freshId(), room, target: 4, text: "4" });
    await bob.request("message:delete", { id: freshId(), room, target: 1 });
    await say(bob, "elsewhere", "not of this room");
    await caughtUp(ann);
    expect(lobby.told()).to.deep.equal(["joined 3", "4", "5", "6"]);
    expect(lobby.entries().map(({ kind }) => kind)).to.deep.equal(["sent", "edited", "deleted"]);
  });

  for (const [transport, options] of TRANSPORTS) {
    it(`tells all of it, once and in order, while its line is cut again and again (${transport})`, async () => {
      const random = seededRandom(4);
      await using server = await startServer();
      await using proxy = await behindProxy(server);
      await using ann = await through(proxy, server, options);
      await using bob = await server.connect("/chat", "bob");
      const lobby = followed(ann);
      await eventually(() => lobby.joins.length === 1);
      for (const n of range(1, 120)) {
        await say(bob, room, `${n}`);
        const isSettled = n % 20 === 10;
        if (isSettled) await eventually(() => isUpgraded(ann, options) && lobby.seqs().at(-1) === n);
        // While it comes back, it is cut now and then, too.
        if (isSettled || (n % 20 > 10 && random.below(8) === 0)) proxy.cut();
      }
      await eventually(() => lobby.seqs().at(-1) === 120);
      expect(lobby.seqs()).to.deep.equal(range(1, 120));
      expect(lobby.resets()).to.have.lengthOf(1);
      expect(lobby.joins.length).to.be.least(3);
      expect(lobby.failures).to.deep.equal([]);
    });
  }

  it("joins again where the ack of its join was lost, with whatever came meanwhile", async () => {
    await using server = await startServer();
    await using proxy = await behindProxy(server);
    await using ann = await through(proxy, server);
    await using bob = await server.connect("/chat", "bob");
    await say(bob, room, "1");
    let isHeld = true;
    // In front of the one that joins: what is held back is the ack, and all after it.
    ann.socket.on("connect", () => {
      if (isHeld) for (const link of proxy.links) link.hold("down");
    });
    const join = async (head: number) => {
      await eventually(() => server.carillon.chat?.adapter.rooms.has(`room:${room}`));
      await say(bob, room, `${head}`);
      proxy.cut();
    };
    for (const link of proxy.links) link.hold("down");
    const lobby = followed(ann);
    await join(2);
    await eventually(() => !ann.socket.connected);
    await eventually(() => ann.socket.connected);
    await join(3);
    isHeld = false;
    await eventually(() => lobby.joins.length === 1);
    await say(bob, room, "4");
    isHeld = true;
    await eventually(() => lobby.seqs().at(-1) === 4);
    proxy.cut();
    await eventually(() => !ann.socket.connected);
    await eventually(() => ann.socket.connected);
    await join(5);
    isHeld = false;
    await eventually(() => lobby.seqs().at(-1) === 5);
    expect(lobby.told()).to.deep.equal(["joined 3", "4", "5"]);
  });

  it("goes on from where one has left off, over as many pages as it takes", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await sayAll(
      bob,
      room,
      range(1, 20).map((n) => `${n}`),
    );
    const lobby = followed(ann, { since: { epoch, seq: 3 }, limit: 4 });
    await eventually(() => lobby.seqs().at(-1) === 20);
    expect(lobby.told()).to.deep.equal(range(4, 20).map(String));
    expect(lobby.joins.map(({ recovered }) => recovered)).to.deep.equal([true]);
  });

  it("says so where more was missed than the log can give", async () => {
    await using server = await startServer({ historySize: 5 });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const lobby = followed(ann);
    await eventually(() => lobby.joins.length === 1);
    await say(bob, room, "1");
    await eventually(() => lobby.seqs().length === 1);
    ann.socket.disconnect();
    await sayAll(
      bob,
      room,
      range(2, 12).map((n) => `${n}`),
    );
    ann.socket.connect();
    await eventually(() => lobby.joins.length === 2);
    await say(bob, room, "13");
    await eventually(() => lobby.seqs().at(-1) === 13);
    expect(lobby.told()).to.deep.equal(["joined 0", "1", "missed 12", "13"]);
    expect(lobby.resets()[1]?.entries.map(({ seq }) => seq)).to.deep.equal(range(8, 12));
  });

  it("neither tells what comes twice, nor goes over a gap: it asks for what is missing", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const lobby = followed(ann);
    await eventually(() => lobby.joins.length === 1);
    await sayAll(bob, room, ["1", "2"]);
    await eventually(() => lobby.seqs().length === 2);
    const [first] = lobby.entries();
    const strange = (seq: number): Entry => ({ ...(first as Entry), seq, id: `stranger-${seq}` });
    const attending = server.carillon.chat?.to(`room:${room}`);
    attending?.emit("message:sent", strange(1));
    attending?.emit("message:sent", strange(2));
    await caughtUp(ann);
    expect(lobby.joins).to.have.lengthOf(1);
    attending?.emit("message:sent", strange(7));
    attending?.emit("message:sent", strange(3));
    await eventually(() => lobby.joins.length === 2);
    await say(bob, room, "3");
    await eventually(() => lobby.seqs().at(-1) === 3);
    expect(lobby.joins[1]).to.deep.include({ recovered: true, entries: [] });
    expect(lobby.entries().map(({ text }) => text)).to.deep.equal(["1", "2", "3"]);
  });

  it("tries again what is refused for now, and tells of what is refused for good until one may come in", async () => {
    let refusal: CarillonError | undefined = new CarillonError("unavailable", { retryAfterMs: 30 });
    let asked = 0;
    await using server = await startServer({
      authorize: () => {
        asked++;
        if (refusal) throw refusal;
        return true;
      },
    });
    await using ann = await server.connect("/chat", "ann");
    const lobby = followed(ann);
    await eventually(() => asked >= 3);
    expect(lobby.failures).to.deep.equal([]);
    refusal = new CarillonError("forbidden");
    await eventually(() => lobby.failures.length === 1);
    expect(lobby.failures[0]?.code).to.equal("forbidden");
    const before = asked;
    ann.socket.io.engine.close();
    await eventually(() => lobby.failures.length === 2);
    expect(asked).to.equal(before + 1);
    refusal = undefined;
    ann.socket.io.engine.close();
    await eventually(() => lobby.joins.length === 1);
    expect(lobby.told()).to.deep.equal(["joined 0"]);
  });

  it("is silent once it is ended, whoever ends it, and has left the room", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await sayAll(bob, room, ["1", "2", "3"]);
    const heard: number[] = [];
    let joins = 0;
    const end = follow(
      ann.socket,
      room,
      (change) => {
        if (change.kind !== "reset") heard.push(change.seq);
        end();
      },
      { since: { epoch, seq: 1 }, onJoined: () => joins++ },
    );
    await eventually(() => heard.length > 0);
    await caughtUp(ann);
    await say(bob, room, "4");
    expect({ heard, joins }).to.deep.equal({ heard: [2], joins: 0 });
    expect((await bob.request("room:members", { room })).memberCount).to.equal(0);
    const early = followed(ann);
    early.end();
    await caughtUp(ann);
    expect([early.told(), early.joins]).to.deep.equal([[], []]);
    const again = followed(ann);
    await eventually(() => again.joins.length === 1);
    // Ended long ago, so it is not about the one that follows now.
    end();
    await say(bob, room, "5");
    await eventually(() => again.seqs().at(-1) === 5);
    again.end();
    ann.socket.io.engine.close();
    await eventually(() => ann.all("session:opened").length === 2);
    await caughtUp(ann);
    expect(again.joins).to.have.lengthOf(1);
    for (const name of ["connect", "disconnect", "room:reset", "message:sent", "message:edited", "message:deleted"])
      expect(ann.socket.listeners(name), name).to.deep.equal([]);
  });

  it("begins when the socket is connected, where it is not yet", async () => {
    await using server = await startServer();
    await using ann = server.client("/chat", await server.token("ann"));
    const lobby = followed(ann);
    await eventually(() => lobby.joins.length === 1);
    expect(lobby.told()).to.deep.equal(["joined 0"]);
  });
});
