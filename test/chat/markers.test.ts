import { expect } from "chai";
import { startServer } from "../kit/server.ts";
import { caughtUp, freshId, range, say, sayAll } from "./scene.ts";

const room = "lobby";

describe("marker:move", () => {
  it("moves forward only, and says where the marker is", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await sayAll(bob, room, range(1, 5).map(String));
    expect(await ann.request("marker:move", { room, seq: 3 })).to.deep.equal({ seq: 3, unread: 2 });
    expect(await ann.request("marker:move", { room, seq: 1 })).to.deep.equal({ seq: 3, unread: 2 });
    expect(await ann.request("marker:move", { room, seq: 0 })).to.deep.equal({ seq: 3, unread: 2 });
    expect(await ann.request("marker:move", { room, seq: 5 })).to.deep.equal({ seq: 5, unread: 0 });
    expect(await ann.request("room:join", { room })).to.include({ marker: 5, unread: 0 });
  });

  it("is refused above the head, also in a room without entries", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await say(ann, room, "one");
    expect(await ann.refusal("marker:move", { room, seq: 2 })).to.equal("bad_request");
    expect(await ann.refusal("marker:move", { room: "empty", seq: 1 })).to.equal("bad_request");
    expect(await ann.request("marker:move", { room: "empty", seq: 0 })).to.deep.equal({ seq: 0, unread: 0 });
    expect(await ann.refusal("marker:move", { room, seq: -1 })).to.equal("bad_request");
  });

  it("is each user's own, over all devices", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/chat", "ann");
    await using laptop = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await sayAll(bob, room, ["1", "2", "3"]);
    await phone.request("marker:move", { room, seq: 2 });
    expect(await laptop.request("room:join", { room })).to.include({ marker: 2, unread: 1 });
    expect(await bob.request("room:join", { room })).to.include({ marker: 0, unread: 0 });
  });

  it("is told to the room and to one's own devices, and only when it moved", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/chat", "ann");
    await using laptop = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await using eve = await server.connect("/chat", "eve");
    await bob.request("room:join", { room });
    await sayAll(bob, room, ["1", "2"]);
    await phone.request("marker:move", { room, seq: 2 });
    await phone.request("marker:move", { room, seq: 2 });
    await phone.request("marker:move", { room, seq: 1 });
    await caughtUp(phone, laptop, bob, eve);
    for (const client of [phone, laptop, bob]) {
      expect(client.all("marker:moved")).to.deep.equal([{ room, user: "ann", seq: 2 }]);
    }
    expect(eve.all("marker:moved")).to.deep.equal([]);
  });
});

describe("unread", () => {
  it("counts others' undeleted messages after the marker: neither one's own, nor edits, nor deletions", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await sayAll(bob, room, ["1", "2", "3", "4"]);
    await sayAll(ann, room, ["5", "6"]);
    await bob.request("message:edit", { id: freshId(), room, target: 3, text: "3, edited" });
    await bob.request("message:delete", { id: freshId(), room, target: 4 });
    expect(await ann.request("room:join", { room })).to.include({ marker: 0, unread: 3 });
    expect(await ann.request("marker:move", { room, seq: 1 })).to.deep.equal({ seq: 1, unread: 2 });
    expect(await ann.request("marker:move", { room, seq: 3 })).to.deep.equal({ seq: 3, unread: 0 });
    expect(await bob.request("room:join", { room })).to.include({ unread: 2 });
  });

  it("counts what is in the log", async () => {
    await using server = await startServer({ historySize: 3 });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await sayAll(bob, room, range(1, 10).map(String));
    expect(await ann.request("room:join", { room })).to.include({ head: 10, unread: 3 });
  });
});
