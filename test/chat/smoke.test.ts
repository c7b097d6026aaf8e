import { expect } from "chai";
import { startServer } from "../kit/server.ts";

describe("a room", () => {
  it("shows a message to everybody who attends, once and in order", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    await ann.request("room:join", { room: "lobby" });
    await bob.request("room:join", { room: "lobby" });
    for (const n of [1, 2, 3]) await ann.request("message:send", { id: `message-${n}`, room: "lobby", text: `${n}` });
    await bob.event("message:sent", ({ seq }) => seq === 3);
    expect(bob.all("message:sent").map(({ text }) => text)).to.deep.equal(["1", "2", "3"]);
  });
});
