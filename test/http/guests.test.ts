import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { type HttpReply, startServer, type TestServer } from "../kit/server.ts";

const NO_KEY = { authorization: "" };
const enter = (server: TestServer, body: unknown, token?: string): Promise<HttpReply> =>
  server.call("POST", "/api/guests", body, token === undefined ? NO_KEY : { authorization: `Bearer ${token}` });
const outcome = ({ status, body }: HttpReply) => [status, body.error?.code];

describe("POST /api/guests", () => {
  it("lets anybody in under a name of their choice, without any key", async () => {
    await using server = await startServer({ guests: true });
    const { status, body } = await enter(server, { name: "Ann" });
    expect(status).to.equal(201);
    const { token, user, expiresAt } = body.data;
    expect(user).to.deep.equal({ id: user.id, name: "Ann", roles: [] });
    expect(user.id).to.match(/^guest-[\w-]{10,}$/);
    expect(expiresAt).to.be.greaterThan(Date.now());
    await using ann = await server.client("/chat", token).connected();
    expect(await ann.event("session:opened")).to.deep.include({ user, expiresAt });
    expect((await enter(server, { name: "Ann" })).body.data.user.id).not.to.equal(user.id);
  });

  it("renews with one's own token: the same guest for longer, under another name if one likes", async () => {
    const clock = fakeClock();
    await using server = await startServer({ guests: true, clock });
    const first = (await enter(server, { name: "Ann" })).body.data;
    await clock.advance(60_000);
    const { status, body } = await enter(server, { name: "Anna" }, first.token);
    expect(status).to.equal(201);
    expect(body.data.user).to.deep.equal({ ...first.user, name: "Anna" });
    expect(body.data.expiresAt).to.equal(first.expiresAt + 60_000);
    await using anna = await server.client("/chat", first.token).connected();
    expect(await anna.request("token:refresh", { token: body.data.token })).to.deep.equal({
      expiresAt: body.data.expiresAt,
    });
  });

  it("renews nothing that was revoked, has run out, or is no guest's", async () => {
    const clock = fakeClock();
    await using server = await startServer({ guests: true, clock });
    const { token, user, expiresAt } = (await enter(server, { name: "Ann" })).body.data;
    expect((await server.call("DELETE", `/api/users/${user.id}/sessions`)).status).to.equal(200);
    expect(outcome(await enter(server, { name: "Ann" }, token))).to.deep.equal([401, "unauthorized"]);
    const own = await server.token("ann", { roles: ["moderator"] });
    for (const bad of [own, "x", `${token}x`])
      expect(outcome(await enter(server, { name: "Ann" }, bad))).to.deep.equal([401, "unauthorized"]);
    const second = (await enter(server, { name: "Ann" })).body.data;
    await clock.advance(expiresAt - clock.now());
    expect(outcome(await enter(server, { name: "Ann" }, second.token))).to.deep.equal([401, "token_expired"]);
  });

  it("asks for a name that is one", async () => {
    await using server = await startServer({ guests: true });
    for (const body of [undefined, {}, [], { name: "" }, { name: "  " }, { name: "x".repeat(101) }, { name: 7 }])
      expect(outcome(await enter(server, body)), JSON.stringify(body)).to.deep.equal([400, "bad_request"]);
    expect((await enter(server, `{"name":"half \\ud83d"}`)).body.data.user.name).to.equal("half \ufffd");
    expect(outcome(await enter(server, { name: "Ann", more: "x".repeat(20_000) }))).to.deep.equal([413, "too_large"]);
  });

  it("is not there where guests are off", async () => {
    await using server = await startServer();
    expect(outcome(await enter(server, { name: "Ann" }))).to.deep.equal([404, "not_found"]);
  });

  it("is limited by address like a handshake, and says when to come again", async () => {
    const clock = fakeClock();
    await using server = await startServer({ guests: true, clock, connects: { perSec: 0.5, burst: 2 } });
    for (let n = 0; n < 2; n++) expect((await enter(server, { name: "Ann" })).status).to.equal(201);
    const refused = await enter(server, { name: "Ann" });
    expect(outcome(refused)).to.deep.equal([429, "rate_limited"]);
    expect(refused.body.error).to.include({ retryable: true, retryAfterMs: 2_000 });
    expect(refused.headers.get("retry-after")).to.equal("2");
    await clock.advance(2_000);
    expect((await enter(server, { name: "Ann" })).status).to.equal(201);
  });
});
