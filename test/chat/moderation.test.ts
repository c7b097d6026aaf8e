import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { startServer } from "../kit/server.ts";
import { caughtUp, connectModerator, entriesOf, failureOf, freshId, range, say, sayAll, seqsOf } from "./scene.ts";

const room = "lobby";
const DAY_SEC = 86_400;

const send = () => ({ id: freshId(), room, text: "x" });

describe("moderating", () => {
  it("takes the role moderator", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann", { roles: ["monitor"], rooms: ["*"] });
    await using bob = await server.connect("/chat", "bob");
    await bob.request("room:join", { room });
    for (const verb of ["add", "kick", "ban", "mute", "unban", "unmute"]) {
      expect(await ann.refusal(`member:${verb}`, { room, user: "bob" }), verb).to.equal("forbidden");
    }
    await say(bob, room, "still here");
    expect(bob.all("member:removed")).to.deep.equal([]);
  });

  it("is acknowledged with nothing, and takes durations of whole seconds and reasons that say something", async () => {
    await using server = await startServer();
    await using moderator = await connectModerator(server);
    for (const verb of ["kick", "ban", "mute"]) {
      const about = { room, user: "bob" };
      expect(await moderator.request(`member:${verb}`, { ...about, forSec: 1, reason: "spam" })).to.deep.equal({});
      for (const bad of [{ forSec: 0 }, { forSec: 1.5 }, { forSec: -1 }, { reason: "" }, { reason: " " }]) {
        expect(await moderator.refusal(`member:${verb}`, { ...about, ...bad })).to.equal("bad_request");
      }
    }
    for (const verb of ["unban", "unmute"]) {
      expect(await moderator.request(`member:${verb}`, { room, user: "bob" })).to.deep.equal({});
    }
  });
});

describe("member:kick", () => {
  it("puts a user out on all sockets, tells the room and the user, and ends the membership", async () => {
    await using server = await startServer();
    await using moderator = await connectModerator(server);
    await using phone = await server.connect("/chat", "ann");
    await using laptop = await server.connect("/chat", "ann");
    await using elsewhere = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    for (const client of [phone, laptop, bob]) await client.request("room:join", { room });

    await moderator.request("member:kick", { room, user: "ann", reason: "too loud" });
    const told = { room, user: "ann", action: "kicked", reason: "too loud" };
    for (const client of [phone, laptop, elsewhere, bob]) {
      expect(await client.event("member:removed")).to.deep.equal(told);
    }
    await say(bob, room, "without ann");
    await caughtUp(phone, laptop, elsewhere, bob);
    for (const client of [phone, laptop, elsewhere, bob]) expect(client.all("member:removed")).to.have.length(1);
    expect([...entriesOf(phone), ...entriesOf(laptop)]).to.deep.equal([]);
    expect((await phone.request("room:mine")).rooms).to.deep.equal([]);
  });

  it("without forSec does not keep anybody out of an open room", async () => {
    await using server = await startServer();
    await using moderator = await connectModerator(server);
    await using ann = await server.connect("/chat", "ann");
    await moderator.request("member:kick", { room, user: "ann" });
    await ann.request("room:join", { room });
    await say(ann, room, "back again");
  });

  it("shuts a closed room for a member", async () => {
    await using server = await startServer({ roomAccess: "closed" });
    await using moderator = await connectModerator(server);
    await using ann = await server.connect("/chat", "ann");
    await moderator.request("member:add", { room, user: "ann" });
    await ann.request("room:join", { room });
    await moderator.request("member:kick", { room, user: "ann" });
    expect(await ann.refusal("room:join", { room })).to.equal("forbidden");
    expect(await ann.refusal("message:send", send())).to.equal("forbidden");
  });

  it("with forSec keeps out for so long, until when it tells", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using moderator = await connectModerator(server);
    await using ann = await server.connect("/chat", "ann");
    await ann.request("room:join", { room });
    await moderator.request("member:kick", { room, user: "ann", forSec: 60 });
    const untilAt = clock.now() + 60_000;
    expect(await ann.event("member:removed")).to.deep.equal({ room, user: "ann", action: "kicked", untilAt });
    await clock.advance(59_999);
    expect(await failureOf(ann, "room:join", { room })).to.deep.include({
      code: "banned",
      retryable: false,
      details: { untilAt },
    });
    await clock.advance(1);
    await ann.request("room:join", { room });
  });
});

describe("member:ban", () => {
  it("is never shortened by a kick", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using moderator = await connectModerator(server);
    await using ann = await server.connect("/chat", "ann");
    await moderator.request("member:ban", { room, user: "ann" });
    await moderator.request("member:kick", { room, user: "ann", forSec: 1 });
    await moderator.request("member:kick", { room, user: "ann" });
    await clock.advance(1000);
    expect(await ann.refusal("room:join", { room })).to.equal("banned");
  });

  it("keeps a user from joining, reading and writing, on every socket and new ones too", async () => {
    await using server = await startServer();
    await using moderator = await connectModerator(server);
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    for (const client of [ann, bob]) await client.request("room:join", { room });
    await say(ann, room, "one");
    await moderator.request("member:ban", { room, user: "ann", reason: "spam" });
    const told = { room, user: "ann", action: "banned", reason: "spam" };
    for (const client of [ann, bob]) expect(await client.event("member:removed")).to.deep.equal(told);

    await using fresh = await server.connect("/chat", "ann", { rooms: ["*"] });
    const requests = {
      "room:join": { room },
      "room:members": { room },
      "history:read": { room },
      "message:send": send(),
      "message:edit": { id: freshId(), room, target: 1, text: "x" },
      "message:delete": { id: freshId(), room, target: 1 },
      "typing:set": { room, typing: true },
      "marker:move": { room, seq: 1 },
    };
    for (const client of [ann, fresh]) {
      for (const [request, input] of Object.entries(requests)) {
        expect(await client.refusal(request, input), request).to.equal("banned");
      }
    }
    ann.forget();
    await say(bob, room, "without ann");
    await caughtUp(ann);
    expect(entriesOf(ann)).to.deep.equal([]);
    await ann.request("room:join", { room: "another" });
  });

  it("stands until it is undone, and then the user may come back by himself", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using moderator = await connectModerator(server);
    await using ann = await server.connect("/chat", "ann");
    await moderator.request("member:ban", { room, user: "ann" });
    expect(await failureOf(ann, "room:join", { room })).to.deep.include({ code: "banned", details: {} });
    await clock.advance(3000 * 1000);
    expect(await ann.refusal("room:join", { room })).to.equal("banned");
    await moderator.request("member:unban", { room, user: "ann" });
    expect((await ann.request("room:mine")).rooms, "not a member again").to.deep.equal([]);
    await ann.request("room:join", { room });
    await say(ann, room, "back");
  });

  it("lasts as long as it was given, also above the 24.8 days that a timer can count", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    const forever = 100 * DAY_SEC;
    const modToken = await server.token("mod", { roles: ["moderator"] }, forever);
    await using moderator = await server.client("/chat", modToken).connected();
    await using ann = await server.client("/chat", await server.token("ann", {}, forever)).connected();
    const forSec = 30 * DAY_SEC;
    await moderator.request("member:ban", { room, user: "ann", forSec });
    await moderator.request("member:mute", { room: "attic", user: "ann", forSec });
    const untilAt = clock.now() + forSec * 1000;
    expect((await ann.event("member:removed")).untilAt).to.equal(untilAt);
    await clock.advance(forSec * 1000 - 1);
    expect((await failureOf(ann, "room:join", { room })).details).to.deep.equal({ untilAt });
    expect(await ann.refusal("message:send", { ...send(), room: "attic" })).to.equal("muted");
    expect((await ann.request("room:join", { room: "attic" })).muted).to.deep.equal({ untilAt });
    await clock.advance(1);
    expect((await ann.request("room:join", { room: "attic" })).muted).to.equal(undefined);
    await ann.request("room:join", { room });
    await say(ann, "attic", "may speak again");
  });

  it("meets also somebody who is still catching up: nothing of the room comes after it", async () => {
    await using server = await startServer();
    await using moderator = await connectModerator(server);
    // A poll takes one batch of what was missed, so there are many left when the ban comes.
    await using ann = await server.connect("/chat", "ann", {}, { transports: ["polling"] });
    const { epoch, seq: head } = await sayAll(moderator, room, Array<string>(400).fill("x".repeat(4000)));
    const banned = new Promise((resolve) => {
      ann.socket.emit("room:join", { room, since: { epoch, seq: 0 }, limit: 1 }, () => {
        moderator.socket.emit("member:ban", { room, user: "ann" }, resolve);
      });
    });
    await banned;
    await caughtUp(ann);
    const names = ann.heard.map(({ name }) => name);
    expect(names.at(-1)).to.equal("member:removed");
    const heard = seqsOf(entriesOf(ann));
    expect(heard).to.deep.equal(range(2, heard.length + 1));
    expect(heard.length).to.be.below(head - 1);
    await say(moderator, room, "after");
    await caughtUp(ann);
    expect(ann.heard).to.have.length(names.length);
  });
});
