import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { startServer } from "../kit/server.ts";
import { caughtUp, freshId, lose, range, say, sayAll } from "./scene.ts";

const room = "lobby";

describe("room:changed", () => {
  it("tells members who do not attend, on all their devices, and nobody else", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using phone = await server.connect("/chat", "bob");
    await using laptop = await server.connect("/chat", "bob");
    await using tab = await server.connect("/chat", "eve");
    await using otherTab = await server.connect("/chat", "eve");
    await using stranger = await server.connect("/chat", "stranger");
    for (const client of [ann, phone, tab]) await client.request("room:join", { room });
    await phone.request("room:leave", { room });

    const { seq: head, at: lastAt } = await say(ann, room, "hello");
    await caughtUp(ann, phone, laptop, tab, otherTab, stranger);
    for (const client of [phone, laptop]) {
      expect(client.all("room:changed")).to.deep.equal([{ room, head, lastAt }]);
    }
    for (const client of [ann, tab, otherTab, stranger]) expect(client.all("room:changed")).to.deep.equal([]);
  });

  it("comes at most once a second a room: the first at once, then the newest state", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    for (const where of [room, "attic"]) {
      await bob.request("room:join", { room: where });
      await bob.request("room:leave", { room: where });
    }
    const headsIn = (where: string) =>
      bob
        .all("room:changed")
        .filter((change) => change.room === where)
        .map(({ head }) => head as number);
    await sayAll(ann, room, range(1, 10).map(String));
    await sayAll(ann, "attic", ["1", "2"]);
    await caughtUp(bob);
    expect([headsIn(room), headsIn("attic")]).to.deep.equal([[1], [1]]);
    await clock.advance(999);
    await caughtUp(bob);
    expect([headsIn(room), headsIn("attic")]).to.deep.equal([[1], [1]]);
    await clock.advance(1);
    await caughtUp(bob);
    expect([headsIn(room), headsIn("attic")]).to.deep.equal([
      [1, 10],
      [1, 2],
    ]);
    await sayAll(ann, room, ["11", "12"]);
    await clock.advance(1000);
    await caughtUp(bob);
    expect(headsIn(room)).to.deep.equal([1, 10, 12]);
    await clock.advance(60_000);
    await caughtUp(bob);
    expect(headsIn(room), "nothing was written").to.deep.equal([1, 10, 12]);
    await say(ann, room, "13");
    await caughtUp(bob);
    expect(headsIn(room)).to.deep.equal([1, 10, 12, 13]);
  });

  it("tells of edits and deletions too", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await say(ann, room, "one");
    await clock.advance(1000);
    await bob.request("room:join", { room });
    await bob.request("room:leave", { room });
    await ann.request("message:edit", { id: freshId(), room, target: 1, text: "two" });
    await bob.event("room:changed", ({ head }) => head === 2);
    await ann.request("message:delete", { id: freshId(), room, target: 1 });
    await clock.advance(1000);
    await bob.event("room:changed", ({ head }) => head === 3);
  });

  it("tells also whose only attending connection was dropped, on the devices that are there", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using phone = await server.connect("/chat", "bob");
    await using laptop = await server.connect("/chat", "bob");
    await phone.request("room:join", { room });
    await lose(server, phone);
    await say(ann, room, "hello");
    await laptop.event("room:changed");
  });

  it("tells nobody in rooms of more than 200 members", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
    await using bob = await server.connect("/chat", "bob");
    const add = (user: string) => moderator.request("member:add", { room, user });
    await add("bob");
    await Promise.all(range(2, 200).map((n) => add(`member-${n}`)));
    await say(moderator, room, "to 200");
    await caughtUp(bob);
    expect(bob.all("room:changed")).to.have.length(1);
    await add("one-more");
    await clock.advance(1000);
    await say(moderator, room, "to 201");
    await clock.advance(1000);
    await caughtUp(bob);
    expect(bob.all("room:changed")).to.have.length(1);
  });
});
