import { expect } from "chai";
import type { Client } from "../kit/client.ts";
import { startServer } from "../kit/server.ts";
import { caughtUp, entriesOf, freshId, say } from "./scene.ts";

const closed = { roomAccess: "closed" } as const;

/** Every request about a room that takes the right to enter or to send there. */
const requests = (room: string): Record<string, object> => ({
  "room:join": { room },
  "room:members": { room },
  "history:read": { room },
  "message:send": { id: freshId(), room, text: "x" },
  "message:edit": { id: freshId(), room, target: 1, text: "x" },
  "message:delete": { id: freshId(), room, target: 1 },
  "typing:set": { room, typing: true },
  "marker:move": { room, seq: 0 },
});

const mayEnter = async (client: Client, room: string) => (await client.ask("history:read", { room })).ok;

describe("an open room", () => {
  it("may be entered by anybody, and whoever joins becomes a member", async () => {
    await using server = await startServer({ roomAccess: "open" });
    await using ann = await server.connect("/chat", "ann");
    await ann.request("history:read", { room: "lobby" });
    expect((await ann.request("room:mine")).rooms, "reading makes no member").to.deep.equal([]);
    await ann.request("room:join", { room: "lobby" });
    expect((await ann.request("room:mine")).rooms).to.have.length(1);
  });
});

describe("a closed room", () => {
  it("refuses every request of somebody who is neither a member nor let in by the token", async () => {
    await using server = await startServer(closed);
    await using ann = await server.connect("/chat", "ann", { rooms: ["other"] });
    for (const [request, input] of Object.entries(requests("lobby"))) {
      expect(await ann.refusal(request, input), request).to.equal("forbidden");
    }
    expect((await ann.request("room:mine")).rooms, "and nobody becomes a member by trying").to.deep.equal([]);
  });

  it("opens for a pattern of the token's rooms", async () => {
    await using server = await startServer(closed);
    const cases: [pattern: string, allowed: string[], refused: string[]][] = [
      ["*", ["lobby", "a.b-c_d", "__proto__"], []],
      ["team-*", ["team-", "team-a", "team-a-b"], ["team", "steam-a", "Team-a"]],
      ["lobby", ["lobby"], ["lobby2", "lobb", "Lobby"]],
      ["a*b*c", ["abc", "a-b-c", "abcbc", "aXbYbc"], ["ab", "acb", "abcd", "ac"]],
      ["*-staff", ["a-staff", "-staff"], ["staff", "a-staff2"]],
      ["a*a", ["aa", "aba"], ["a"]],
      ["a.c", ["a.c"], ["abc"]],
      ["**", ["x"], []],
    ];
    for (const [pattern, allowed, refused] of cases) {
      await using client = await server.connect("/chat", "ann", { rooms: ["elsewhere", pattern] });
      for (const room of allowed) expect(await mayEnter(client, room), `${pattern} ${room}`).to.equal(true);
      for (const room of refused) expect(await mayEnter(client, room), `${pattern} ${room}`).to.equal(false);
    }
  });

  it("opens for members: made by the API, by a moderator, or by joining while the token let them in", async () => {
    await using server = await startServer(closed);
    await using ann = await server.connect("/chat", "ann");
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });

    expect((await server.call("PUT", "/api/rooms/by-api/members/ann")).status).to.be.within(200, 299);
    expect(await moderator.request("member:add", { room: "by-moderator", user: "ann" })).to.deep.equal({});
    await using claiming = await server.connect("/chat", "ann", { rooms: ["by-*"] });
    await claiming.request("room:join", { room: "by-joining" });
    await claiming.request("history:read", { room: "by-reading" });

    for (const room of ["by-api", "by-moderator", "by-joining"]) {
      await ann.request("room:join", { room });
      await say(ann, room, "hello");
    }
    expect(await ann.refusal("room:join", { room: "by-reading" })).to.equal("forbidden");
    expect((await server.call("DELETE", "/api/rooms/by-api/members/ann")).status).to.be.within(200, 299);
    expect(await ann.refusal("room:join", { room: "by-api" })).to.equal("forbidden");
  });

  it("is shut again for whoever has quit it", async () => {
    await using server = await startServer(closed);
    await using ann = await server.connect("/chat", "ann");
    await server.call("PUT", "/api/rooms/lobby/members/ann");
    await ann.request("room:join", { room: "lobby" });
    await ann.request("room:quit", { room: "lobby" });
    expect(await ann.refusal("room:join", { room: "lobby" })).to.equal("forbidden");
  });

  it("takes new members from moderators alone, and lets those moderate without being members", async () => {
    await using server = await startServer(closed);
    await using ann = await server.connect("/chat", "ann", { rooms: ["*"], roles: ["monitor"] });
    await using moderator = await server.connect("/chat", "mod", { roles: ["moderator"] });
    expect(await ann.refusal("member:add", { room: "lobby", user: "bob" })).to.equal("forbidden");
    await moderator.request("member:add", { room: "lobby", user: "bob" });
    expect(await moderator.refusal("room:join", { room: "lobby" }), "moderating is not entering").to.equal("forbidden");
  });
});

describe("rights", () => {
  it("are checked at every request by user and room: what a new token takes away is gone at once", async () => {
    await using server = await startServer(closed);
    await using ann = await server.connect("/chat", "ann", { rooms: ["team-*"] });
    await say(ann, "team-a", "one");
    await ann.request("token:refresh", { token: await server.token("ann", { rooms: ["team-b"] }) });
    expect(await ann.refusal("message:send", { id: freshId(), room: "team-a", text: "x" })).to.equal("forbidden");
    await say(ann, "team-b", "one");
  });
});

describe("a direct room", () => {
  it("is for its two people, whatever the room access, and for nobody else: no claim, no moderator", async () => {
    for (const roomAccess of ["open", "closed"] as const) {
      await using server = await startServer({ roomAccess });
      await using ann = await server.connect("/chat", "ann");
      await using bob = await server.connect("/chat", "bob");
      await using eve = await server.connect("/chat", "eve", { rooms: ["*", "dm-*"], roles: ["moderator", "monitor"] });
      const { room } = await ann.request("room:direct", { user: "bob" });
      for (const client of [ann, bob]) await client.request("room:join", { room });
      await say(ann, room, "between us");
      await caughtUp(bob);
      expect(entriesOf(bob)).to.have.length(1);
      for (const [request, input] of Object.entries(requests(room))) {
        expect(await eve.refusal(request, input), request).to.equal("forbidden");
      }
      for (const request of ["member:add", "member:kick", "member:ban", "member:mute", "member:unban"]) {
        expect(await eve.refusal(request, { room, user: "eve" }), request).to.equal("forbidden");
      }
    }
  });

  it("takes no third member, not even by the API", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using eve = await server.connect("/chat", "eve");
    const { room } = await ann.request("room:direct", { user: "bob" });
    expect((await server.call("PUT", `/api/rooms/${room}/members/eve`)).status).to.equal(403);
    expect(await eve.refusal("room:join", { room })).to.equal("forbidden");
  });

  it("is not made by hand: `dm-…` ids that the server has not given are refused to all, the service too", async () => {
    await using server = await startServer({ roomAccess: "open" });
    await using ann = await server.connect("/chat", "ann", { rooms: ["*"], roles: ["moderator", "service"] });
    for (const [request, input] of Object.entries(requests("dm-made-up"))) {
      expect(await ann.refusal(request, input), request).to.equal("forbidden");
    }
    const posted = await server.call("POST", "/api/rooms/dm-made-up/messages", { id: freshId(), text: "x" });
    expect(posted.status).to.equal(403);
    expect(posted.body.error.code).to.equal("forbidden");
    expect((await server.call("PUT", "/api/rooms/dm-made-up/members/ann")).status).to.equal(403);
    expect((await ann.request("room:mine")).rooms).to.deep.equal([]);
  });
});
