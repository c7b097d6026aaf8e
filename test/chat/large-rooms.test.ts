import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { startServer } from "../kit/server.ts";
import { caughtUp, connectAll, entriesOf, range, say } from "./scene.ts";

const room = "arena";
const users = range(1, 200).map((n) => `user-${n}`);

describe("a room with more than 200 attending users", () => {
  it("names 200, tells counts alone, types not, and shows markers to one's own devices", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using crowd = await connectAll(server, users);
    await Promise.all(crowd.map((client) => client.request("room:join", { room })));
    await clock.advance(1000);
    const [first, second] = crowd;
    if (!first || !second) throw new Error("Nobody came");
    const full = await first.request("room:members", { room });
    expect(full.memberCount).to.equal(200);
    expect(full.members).to.have.length(200);
    await caughtUp(first, second);
    first.forget();
    await second.request("typing:set", { room, typing: true });
    await caughtUp(first);
    expect(first.all("typing:changed"), "200 are not too many").to.have.length(1);
    await second.request("typing:set", { room, typing: false });

    await using last = await server.connect("/chat", "user-201");
    await using device = await server.connect("/chat", "user-201");
    const joined = await last.request("room:join", { room });
    expect(joined.memberCount).to.equal(201);
    expect(joined.members).to.have.length(200);
    await caughtUp(first);
    first.forget();
    await clock.advance(1000);
    await caughtUp(first, last);
    const counted = { room, version: joined.version, joined: [], left: [], memberCount: 201 };
    expect(first.all("presence:changed")).to.deep.equal([counted]);
    const members = await first.request("room:members", { room });
    expect(members.members).to.have.length(200);
    expect(members.memberCount).to.equal(201);

    await say(first, room, "hello");
    expect(await last.request("typing:set", { room, typing: true })).to.deep.equal({});
    expect(await last.request("marker:move", { room, seq: 1 })).to.deep.equal({ seq: 1, unread: 0 });
    await caughtUp(...crowd, last, device);
    for (const client of crowd) {
      expect(client.all("marker:moved")).to.deep.equal([]);
      expect(entriesOf(client)).to.have.length(1);
    }
    expect(first.all("typing:changed")).to.deep.equal([]);
    for (const client of [last, device]) {
      expect(client.all("marker:moved")).to.deep.equal([{ room, user: "user-201", seq: 1 }]);
    }

    await last.request("room:leave", { room });
    await second.request("room:leave", { room });
    first.forget();
    await clock.advance(1000);
    await caughtUp(first);
    const [change] = first.all("presence:changed");
    expect(change.memberCount).to.equal(199);
    expect(change.left, "names again, from 200 down").to.have.deep.members([
      { id: "user-201", name: "user-201" },
      { id: "user-2", name: "user-2" },
    ]);
  });
});
