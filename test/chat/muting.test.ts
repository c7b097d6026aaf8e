import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { startServer } from "../kit/server.ts";
import { connectModerator, failureOf, freshId, say } from "./scene.ts";

const room = "lobby";

const send = () => ({ id: freshId(), room, text: "x" });

describe("member:mute", () => {
  it("lets a user read and attend, but neither send, edit nor type; the room and the user are told", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using moderator = await connectModerator(server);
    await using ann = await server.connect("/chat", "ann");
    await using elsewhere = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    for (const client of [ann, bob]) await client.request("room:join", { room });
    await say(ann, room, "one");
    await moderator.request("member:mute", { room, user: "ann", forSec: 60, reason: "calm down" });
    const untilAt = clock.now() + 60_000;
    for (const client of [ann, elsewhere, bob]) {
      expect(await client.event("member:muted")).to.deep.equal({ room, user: "ann", untilAt });
    }
    expect(await failureOf(ann, "message:send", send())).to.deep.include({
      code: "muted",
      retryable: false,
      details: { untilAt },
    });
    const edit = { id: freshId(), room, target: 1, text: "x" };
    expect(await elsewhere.refusal("message:edit", edit)).to.equal("muted");
    expect(await ann.refusal("typing:set", { room, typing: true })).to.equal("muted");

    await say(bob, room, "two");
    await ann.event("message:sent", ({ seq }) => seq === 2);
    await ann.request("marker:move", { room, seq: 2 });
    expect((await elsewhere.request("room:join", { room })).entries).to.have.length(2);
    await say(ann, "another", "free to speak here");
    await clock.advance(60_000);
    await say(ann, room, "three");
  });

  it("without forSec stands until it is undone, which is told too", async () => {
    await using server = await startServer();
    await using moderator = await connectModerator(server);
    await using ann = await server.connect("/chat", "ann");
    await moderator.request("member:mute", { room, user: "ann" });
    expect(await ann.event("member:muted")).to.deep.equal({ room, user: "ann" });
    expect((await failureOf(ann, "message:send", send())).details).to.deep.equal({});
    await moderator.request("member:unmute", { room, user: "ann" });
    expect(await ann.event("member:unmuted")).to.deep.equal({ room, user: "ann" });
    await say(ann, room, "may speak again");
  });

  it("and a ban are two things: undoing one leaves the other", async () => {
    await using server = await startServer();
    await using moderator = await connectModerator(server);
    await using ann = await server.connect("/chat", "ann");
    for (const verb of ["ban", "mute", "unban"]) await moderator.request(`member:${verb}`, { room, user: "ann" });
    await ann.request("room:join", { room });
    expect(await ann.refusal("message:send", send())).to.equal("muted");
  });
});
