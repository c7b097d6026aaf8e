import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { startServer } from "../kit/server.ts";
import { caughtUp, lose } from "./scene.ts";

const room = "lobby";
const typing = (value: boolean) => ({ room, typing: value });
const told = (value: boolean, user = "ann") => ({ room, user, typing: value });

describe("typing:set", () => {
  it("is told to all who attend but the sending socket: one's other tabs too", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using tab = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await using outside = await server.connect("/chat", "eve");
    for (const client of [ann, tab, bob]) await client.request("room:join", { room });
    expect(await ann.request("typing:set", typing(true))).to.deep.equal({});
    expect(await ann.request("typing:set", typing(false))).to.deep.equal({});
    await caughtUp(ann, tab, bob, outside);
    for (const client of [tab, bob]) {
      expect(client.all("typing:changed")).to.deep.equal([told(true), told(false)]);
    }
    expect([...ann.all("typing:changed"), ...outside.all("typing:changed")]).to.deep.equal([]);
  });

  it("false without true before it is told to nobody", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room });
    await ann.request("typing:set", typing(false));
    await caughtUp(bob);
    expect(bob.all("typing:changed")).to.deep.equal([]);
  });

  it("is told as false 15 s after it was last said", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room });
    await ann.request("typing:set", typing(true));
    await clock.advance(10_000);
    await ann.request("typing:set", typing(true));
    await clock.advance(14_999);
    await caughtUp(bob);
    expect(bob.all("typing:changed")).to.deep.equal([told(true), told(true)]);
    await clock.advance(1);
    await caughtUp(bob);
    expect(bob.all("typing:changed")).to.deep.equal([told(true), told(true), told(false)]);
    await clock.advance(60_000);
    await caughtUp(bob);
    expect(bob.all("typing:changed"), "once").to.have.length(3);
  });

  it("is over when the socket leaves the room", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    for (const client of [ann, bob]) await client.request("room:join", { room });
    await ann.request("typing:set", typing(true));
    await ann.request("typing:set", { room: "elsewhere", typing: true });
    await ann.request("room:leave", { room });
    await caughtUp(bob);
    expect(bob.all("typing:changed")).to.deep.equal([told(true), told(false)]);
  });

  it("is over in every room when the socket is gone, and not for another tab that types", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using eve = await server.connect("/chat", "eve");
    await using tab = await server.connect("/chat", "eve");
    await using bob = await server.connect("/chat", "bob");
    await bob.request("rooms:join", { rooms: [{ room }, { room: "attic" }] });
    for (const where of [room, "attic"]) await ann.request("typing:set", { room: where, typing: true });
    await eve.request("typing:set", typing(true));
    await tab.request("typing:set", typing(true));
    await caughtUp(bob);
    bob.forget();
    for (const client of [ann, eve]) await lose(server, client);
    await caughtUp(bob);
    expect(bob.all("typing:changed")).to.have.deep.members([told(false), { ...told(false), room: "attic" }]);
  });

  it("said false on one tab is told to the other one that had said true", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using tab = await server.connect("/chat", "ann");
    for (const client of [ann, tab]) await client.request("room:join", { room });
    await ann.request("typing:set", typing(true));
    await tab.request("typing:set", typing(false));
    await caughtUp(ann, tab);
    expect(ann.all("typing:changed")).to.deep.equal([told(false)]);
    expect(tab.all("typing:changed")).to.deep.equal([told(true)]);
  });

  it("is over when the user is kicked, and refused to the muted and the banned", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
    await bob.request("room:join", { room });
    await ann.request("typing:set", typing(true));
    await moderator.request("member:kick", { room, user: "ann" });
    await caughtUp(bob);
    expect(bob.all("typing:changed")).to.deep.equal([told(true), told(false)]);
    await moderator.request("member:mute", { room, user: "ann" });
    expect(await ann.refusal("typing:set", typing(true))).to.equal("muted");
    await moderator.request("member:ban", { room, user: "ann" });
    expect(await ann.refusal("typing:set", typing(true))).to.equal("banned");
  });
});
