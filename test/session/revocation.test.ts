import { expect } from "chai";
import { SignJWT } from "jose";
import type { Client } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { SECRET, startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const REVOKE_ANN = ["DELETE", "/api/users/ann/sessions"] as const;

const refusalOf = (client: Client) =>
  client.connected().then(
    () => "let in",
    (error: Error) => error.message,
  );

describe("revoking a user's sessions", () => {
  it("closes all sockets of that user, on every namespace and transport, for good; others' stay", async () => {
    await using server = await startServer();
    await using chat = await server.connect("/chat", "ann");
    await using notify = await chat.beside("/notify", await server.token("ann")).connected();
    await using monitor = await server.connect("/monitor", "ann", { roles: ["monitor"] });
    await using phone = await server.connect("/chat", "ann", {}, { transports: ["polling"] });
    await using bob = await server.connect("/chat", "bob");
    expect((await server.call(...REVOKE_ANN)).status).to.equal(200);
    for (const client of [chat, notify, monitor, phone]) {
      await client.event("session:closing", ({ code, retryable }) => code === "unauthorized" && !retryable);
      await eventually(() => !client.socket.active);
    }
    await bob.request("room:mine");
    expect(bob.all("session:closing")).to.deep.equal([]);
  });

  it("refuses tokens issued until then, and takes those issued later", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    const before = await server.token("ann");
    await clock.advance(5);
    const atTheTime = await server.token("ann");
    const others = await server.token("bob");
    await server.call(...REVOKE_ANN);
    await clock.advance(1);
    const after = await server.token("ann");
    for (const [token, outcome] of [
      [before, "unauthorized"],
      [atTheTime, "unauthorized"],
      [others, "let in"],
      [after, "let in"],
    ]) {
      await using client = server.client("/chat", token);
      expect(await refusalOf(client)).to.equal(outcome);
    }
  });

  it("refuses tokens that do not say when they were issued, of that user alone", async () => {
    await using server = await startServer();
    const exp = Math.floor(Date.now() / 1000) + 60;
    const undated = (sub: string) =>
      new SignJWT({ sub, exp }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));
    await using earlier = server.client("/chat", await undated("ann"));
    expect(await refusalOf(earlier)).to.equal("let in");
    await server.call(...REVOKE_ANN);
    await using later = server.client("/chat", await undated("ann"));
    expect(await refusalOf(later)).to.equal("unauthorized");
    await using bob = server.client("/chat", await undated("bob"));
    expect(await refusalOf(bob)).to.equal("let in");
  });

  it("refuses a refresh with a revoked token, and a hook's identity that was issued before", async () => {
    const clock = fakeClock();
    const times = { issuedAt: clock.now() };
    await using hooked = await startServer({ clock, authenticate: () => ({ user: { id: "ann" }, ...times }) });
    await using server = await startServer({ clock });
    const old = await server.token("ann");
    for (const { carillon } of [server, hooked]) await carillon.revoke("ann");
    await clock.advance(1);
    await using ann = await server.connect("/chat", "ann");
    expect(await ann.refusal("token:refresh", { token: old })).to.equal("unauthorized");
    await ann.request("room:mine");
    await using held = hooked.client("/chat", "x");
    expect(await refusalOf(held)).to.equal("unauthorized");
    times.issuedAt = clock.now();
    await using renewed = hooked.client("/chat", "x");
    expect(await refusalOf(renewed)).to.equal("let in");
  });
});
