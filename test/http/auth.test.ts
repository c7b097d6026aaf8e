import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { API_KEY, type HttpReply, startServer, type TestServer } from "../kit/server.ts";

const PATH = "/api/rooms/lobby/members";
const outcome = ({ status, body }: HttpReply) => [status, body.error?.code];
const as = (server: TestServer, token: string, scheme = "Bearer") =>
  server.call("GET", PATH, undefined, { authorization: `${scheme} ${token}` });

describe("/api", () => {
  it("lets in whoever has an API key, any of them, and whoever has a token with the role service", async () => {
    await using server = await startServer({ apiKeys: ["first-key", "second-key"] });
    for (const key of ["first-key", "second-key", await server.token("robot", { roles: ["service"] })])
      expect((await as(server, key)).status).to.equal(200);
    expect((await as(server, "first-key", "bearer")).status).to.equal(200);
    expect((await as(server, API_KEY)).status).to.equal(401);
  });

  it("refuses others: 401 without a token or with a bad one, 403 with one of another role", async () => {
    await using server = await startServer();
    const headers = [{ authorization: "" }, { authorization: "Bearer" }, { authorization: `Basic ${API_KEY}` }];
    for (const header of headers)
      expect(outcome(await server.call("GET", PATH, undefined, header))).to.deep.equal([401, "unauthorized"]);
    const bad = [
      "x",
      `${API_KEY}x`,
      API_KEY.slice(0, -1),
      API_KEY.toUpperCase(),
      `${API_KEY} ${API_KEY}`,
      "x".repeat(8_000),
    ];
    for (const token of bad)
      expect(outcome(await as(server, token)), token.slice(0, 40)).to.deep.equal([401, "unauthorized"]);
    const forged = `${(await server.token("robot", { roles: ["service"] })).slice(0, -4)}AAAA`;
    expect(outcome(await as(server, forged))).to.deep.equal([401, "unauthorized"]);
    for (const roles of [[], ["moderator"], ["monitor"]] as ("moderator" | "monitor")[][])
      expect(outcome(await as(server, await server.token("ann", { roles })))).to.deep.equal([403, "forbidden"]);
  });

  it("says with a 401 what it asks for", async () => {
    await using server = await startServer();
    expect((await as(server, "x")).headers.get("www-authenticate")).to.equal("Bearer");
  });

  it("refuses a token that has run out, and one that was revoked", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    const token = await server.token("robot", { roles: ["service"] }, 60);
    expect((await as(server, token)).status).to.equal(200);
    await server.carillon.revoke("robot");
    expect(outcome(await as(server, token))).to.deep.equal([401, "unauthorized"]);
    await clock.advance(1);
    const newer = await server.token("robot", { roles: ["service"] }, 60);
    expect((await as(server, newer)).status).to.equal(200);
    await clock.advance(60_000);
    expect(outcome(await as(server, newer))).to.deep.equal([401, "token_expired"]);
  });

  it("takes no key out of the query, a cookie, the body or another header", async () => {
    await using server = await startServer();
    for (const name of ["token", "key", "api_key", "apiKey", "access_token", "authorization"]) {
      const path = `${PATH}?${name}=${encodeURIComponent(`Bearer ${API_KEY}`)}&${name}=${API_KEY}`;
      expect((await server.call("GET", path, undefined, { authorization: "" })).status, name).to.equal(401);
    }
    const headers = {
      authorization: "",
      cookie: `token=${API_KEY}`,
      "x-api-key": API_KEY,
      "x-authorization": `Bearer ${API_KEY}`,
    };
    const body = { to: "ann", title: "Hi", token: API_KEY, access_token: API_KEY };
    expect((await server.call("POST", "/api/notifications", body, headers)).status).to.equal(401);
  });

  it("lets nobody in by a key where there are none", async () => {
    await using server = await startServer({ apiKeys: [] });
    for (const key of ["", API_KEY, "undefined"]) expect((await as(server, key)).status).to.equal(401);
    expect((await as(server, await server.token("robot", { roles: ["service"] }))).status).to.equal(200);
  });

  it("looks at who asks before it reads a body", async () => {
    await using server = await startServer();
    const stranger = { authorization: "Bearer nobody" };
    for (const body of ["{ not json", JSON.stringify({ title: "x".repeat(5 * 1024 * 1024) })])
      expect((await server.call("POST", "/api/notifications", body, stranger)).status).to.equal(401);
    for (const [method, path] of [
      ["POST", "/api/requests/nothing:done"],
      ["POST", "/api/rooms/%2E%2E%2E/messages"],
      ["DELETE", "/api/users/a%20b/sessions"],
    ] as const)
      expect((await server.call(method, path, undefined, stranger)).status, path).to.equal(401);
  });

  it("is asked of an embedder's authenticate hook too, whose own outage is 503", async () => {
    await using server = await startServer({
      authenticate(token) {
        if (token === "outage") throw new Error("db01 refused the password hunter2");
        return token === "robot" ? { id: "robot", roles: ["service"] } : null;
      },
    });
    expect((await as(server, "robot")).status).to.equal(200);
    expect(outcome(await as(server, "somebody"))).to.deep.equal([401, "unauthorized"]);
    const out = await as(server, "outage");
    expect(outcome(out)).to.deep.equal([503, "unavailable"]);
    expect(JSON.stringify(out.body)).not.to.include("hunter2");
  });
});
