import { expect } from "chai";
import { startServer } from "../kit/server.ts";
import { caughtUp, cut, entriesOf, freshId, range, say, seqsOf, textsOf } from "./scene.ts";

const room = "lobby";

describe("a client that sends before it has joined", () => {
  it("is served: sending, editing, deleting and reading need no join on this connection", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room });
    await say(ann, room, "one");
    await ann.request("message:edit", { id: freshId(), room, target: 1, text: "two" });
    await ann.request("message:delete", { id: freshId(), room, target: 1 });
    await ann.request("marker:move", { room, seq: 3 });
    await ann.request("typing:set", { room, typing: true });
    expect((await ann.request("history:read", { room })).entries).to.have.length(1);
    await caughtUp(bob);
    expect(entriesOf(bob).map(({ kind }) => kind as string)).to.deep.equal(["sent", "edited", "deleted"]);
    expect(entriesOf(ann)).to.deep.equal([]);
  });

  it("flushes what it buffered offline before its connect handler runs: stored once, in order, and told", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await ann.request("room:join", { room });
    await bob.request("room:join", { room });
    const joined: unknown[] = [];
    ann.socket.on("connect", () => {
      ann.socket.emit("room:join", { room, since: { epoch, seq: 0 } }, (ack: unknown) => joined.push(ack));
    });

    cut(ann);
    expect(ann.socket.connected).to.equal(false);
    const sent = await Promise.all(range(1, 5).map((n) => say(ann, room, `offline ${n}`)));
    expect(seqsOf(sent), "acknowledged").to.deep.equal(range(1, 5));
    expect(sent.every(({ duplicate }) => duplicate === false)).to.equal(true);
    await bob.event("message:sent", ({ seq }) => seq === 5);
    const texts = range(1, 5).map((n) => `offline ${n}`);
    expect(textsOf(entriesOf(bob))).to.deep.equal(texts);
    await ann.event("session:opened");
    await caughtUp(ann);
    expect(joined).to.have.length(1);
    expect(joined[0]).to.have.nested.property("data.recovered", true);
    expect(joined[0]).to.have.nested.property("data.entries").that.has.length(5);
  });

  it("may send again what it does not know the fate of: the id tells", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const input = { id: "message-1", room, text: "hello" };
    const fate = ann.ask("message:send", input).then(
      () => "acknowledged",
      () => "unknown",
    );
    cut(ann);
    expect(await fate).to.equal("unknown");
    expect(await ann.request("message:send", input)).to.include({ seq: 1, duplicate: true });
  });
});
