import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { startServer, type TestServer } from "../kit/server.ts";

async function issue(server: TestServer, name: string): Promise<{ token: string; user: { id: string } }> {
  const { body, status } = await server.call("POST", "/api/guests", { name }, { authorization: "" });
  expect(status).to.equal(201);
  return body.data;
}

describe("guests", () => {
  it("are let in under the name that they chose, and are nobody's moderators", async () => {
    await using server = await startServer({ auth: {}, guests: true });
    const { token, user } = await issue(server, "Ann");
    await using guest = await server.client("/chat", token).connected();
    expect(guest.all("session:opened")[0].user).to.deep.equal({ id: user.id, name: "Ann", roles: [] });
    await using monitor = server.client("/monitor", token);
    expect(await monitor.connected().catch((error: Error) => error.message)).to.equal("forbidden");
  });

  it("come in beside an embedder's own users: the hook is asked about those alone", async () => {
    const clock = fakeClock();
    const asked: unknown[] = [];
    const authenticate = (token: unknown) => {
      asked.push(token);
      return token === "ann" ? { id: "ann" } : null;
    };
    await using server = await startServer({ guests: true, authenticate, clock });
    const { token, user } = await issue(server, "Guest");
    await using guest = await server.client("/chat", token).connected();
    await using ann = await server.client("/chat", "ann").connected();
    expect([guest, ann].map((client) => client.all("session:opened")[0].user.id)).to.deep.equal([user.id, "ann"]);
    await using forged = server.client("/chat", `${token}x`);
    expect(await forged.connected().catch((error: Error) => error.message)).to.equal("unauthorized");
    await clock.advance(86_400_000);
    await using late = server.client("/chat", token);
    expect(await late.connected().catch((error: Error) => error.message)).to.equal("token_expired");
    expect(asked).to.deep.equal(["ann", `${token}x`]);
  });
});
