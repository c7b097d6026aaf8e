import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { VERSION } from "../../src/version.ts";
import { fakeClock } from "../kit/clock.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const DAY_MS = 86_400_000;
const limits = { maxRooms: 3, maxFrameBytes: 4096, maxBufferBytes: 100_000, historySize: 7, inboxSize: 9 };

describe("session:opened", () => {
  it("is the first event, and tells who one is, until when, of which server and within which limits", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock, rate: { perSec: 5, burst: 8 }, ...limits });
    const claims = { name: "Ann", roles: ["monitor", "moderator"], rooms: ["team-*"] } as const;
    const workers = new Set<string>();
    for (const namespace of ["/chat", "/notify", "/monitor"]) {
      await using ann = await server.connect(namespace, "ann", claims);
      expect(ann.heard[0]?.name).to.equal("session:opened");
      const { server: about, ...opened } = ann.all("session:opened")[0];
      expect(opened).to.deep.equal({
        protocol: 1,
        user: { id: "ann", name: "Ann", roles: ["moderator", "monitor"] },
        expiresAt: clock.now() + 3_600_000,
        limits: { ratePerSec: 5, rateBurst: 8, ...limits },
        at: clock.now(),
      });
      expect(about.version).to.equal(VERSION);
      workers.add(about.worker);
    }
    expect(workers.size).to.equal(1);
  });

  it("has no expiresAt where a hook gives none", async () => {
    await using server = await startServer({ authenticate: () => ({ id: "ann" }) });
    await using ann = await server.client("/chat", "anything").connected();
    expect(ann.heard[0]?.payload).to.not.have.property("expiresAt");
  });
});

describe("token:refresh", () => {
  it("goes on with the new token on every namespace of the transport, whichever was asked", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using chat = await server.client("/chat", await server.token("ann", {}, 60)).connected();
    await using notify = await chat.beside("/notify", await server.token("ann", {}, 60)).connected();
    const expiresAt = clock.now() + 600_000;
    expect(await notify.request("token:refresh", { token: await server.token("ann", {}, 600) })).to.deep.equal({
      expiresAt,
    });
    await clock.advance(600_000 + 24_999);
    await chat.request("room:mine");
    await notify.request("topic:list");
    await clock.advance(1);
    await chat.event("session:closing", ({ code }) => code === "token_expired");
    await notify.event("session:closing", ({ code }) => code === "token_expired");
  });

  it("shortens the time as well as it lengthens it", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/chat", "ann");
    await ann.request("token:refresh", { token: await server.token("ann", {}, 10) });
    await clock.advance(35_000);
    await ann.event("session:closing", ({ code }) => code === "token_expired");
  });

  it("is forbidden for another sub, and refused for a token that does not hold; the old one holds on", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.client("/chat", await server.token("ann", {}, 60)).connected();
    const refused = [
      [await server.token("bob"), "forbidden"],
      ["not.a.token", "unauthorized"],
      [await server.token("ann", {}, -1), "token_expired"],
      ["", "bad_request"],
    ];
    for (const [token, code] of refused) expect(await ann.refusal("token:refresh", { token })).to.equal(code);
    expect(await ann.refusal("token:refresh", {})).to.equal("bad_request");
    await ann.request("room:mine");
    await clock.advance(85_000);
    await ann.event("session:closing", ({ code }) => code === "token_expired");
  });

  it("leaves another user's session on the same transport alone", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.client("/chat", await server.token("ann", {}, 60)).connected();
    await using bob = await ann.beside("/notify", await server.token("bob", {}, 60)).connected();
    await ann.request("token:refresh", { token: await server.token("ann") });
    await clock.advance(85_000);
    await bob.event("session:closing", ({ code }) => code === "token_expired");
    await ann.request("room:mine");
    expect(ann.all("session:closing")).to.deep.equal([]);
  });

  it("brings new roles and rooms to bear at once", async () => {
    await using server = await startServer({ roomAccess: "closed" });
    await using ann = await server.connect("/chat", "ann");
    const ban = { room: "team-a", user: "bob" };
    expect(await ann.refusal("room:join", { room: "team-a" })).to.equal("forbidden");
    expect(await ann.refusal("member:mute", ban)).to.equal("forbidden");
    await ann.request("token:refresh", {
      token: await server.token("ann", { roles: ["moderator"], rooms: ["team-*"] }),
    });
    await ann.request("room:join", { room: "team-a" });
    await ann.request("member:mute", ban);
    await ann.request("token:refresh", { token: await server.token("ann") });
    expect(await ann.refusal("member:unmute", ban)).to.equal("forbidden");
  });

  it("closes /monitor for whoever has lost the role, and nothing else", async () => {
    await using server = await startServer();
    await using chat = await server.connect("/chat", "ann", { roles: ["monitor"] });
    await using monitor = await chat.beside("/monitor", await server.token("ann", { roles: ["monitor"] })).connected();
    await chat.request("token:refresh", { token: await server.token("ann") });
    await monitor.event("session:closing", ({ code }) => code === "forbidden");
    await eventually(() => !monitor.socket.active);
    await chat.request("room:mine");
    expect(chat.all("session:closing")).to.deep.equal([]);
  });

  it("is asked of a hook too, with what it knew of the connection", async () => {
    const seen: unknown[] = [];
    const authenticate = (token: unknown, { headers }: { headers: Record<string, unknown> }) => {
      seen.push([token, headers["x-tenant"]]);
      return { id: "ann" };
    };
    await using server = await startServer({ authenticate });
    await using ann = await server.client("/chat", "first", { extraHeaders: { "x-tenant": "acme" } }).connected();
    expect(await ann.request("token:refresh", { token: "second" })).to.deep.equal({});
    expect(seen).to.deep.equal([
      ["first", "acme"],
      ["second", "acme"],
    ]);
  });
});

describe("a token that has run out", () => {
  it("is served for 25 s more, and is then closed for good with token_expired", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.client("/chat", await server.token("ann", {}, 60)).connected();
    await clock.advance(60_000 + 24_999);
    await ann.request("room:join", { room: "lobby" });
    await clock.advance(1);
    const { code, retryable } = await ann.event("session:closing");
    expect({ code, retryable }).to.deep.equal({ code: "token_expired", retryable: false });
    await eventually(() => !ann.socket.active);
  });

  it("can be refreshed within these 25 s", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.client("/chat", await server.token("ann", {}, 60)).connected();
    await clock.advance(60_000 + 24_999);
    await ann.request("token:refresh", { token: await server.token("ann") });
    await clock.advance(60_000);
    await ann.request("room:mine");
  });

  it("may be further away than setTimeout reaches (24.8 days)", async () => {
    const clock = fakeClock();
    await using fake = await startServer({ clock });
    await using bob = await fake.client("/chat", await fake.token("bob", {}, (60 * DAY_MS) / 1000)).connected();
    await clock.advance(60 * DAY_MS + 24_999);
    await bob.request("room:mine");
    await clock.advance(1);
    await bob.event("session:closing", ({ code }) => code === "token_expired");

    await using real = await startServer();
    await using ann = await real.client("/chat", await real.token("ann", {}, (60 * DAY_MS) / 1000)).connected();
    await new Promise<void>((resolve) => systemClock.after(50, resolve));
    await ann.request("room:mine");
    expect(ann.all("session:closing")).to.deep.equal([]);
  });
});
