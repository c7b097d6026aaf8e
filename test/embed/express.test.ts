import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { createApp } from "../../examples/express/server.ts";
import { Client } from "../kit/client.ts";
import { opened } from "../kit/leaks.ts";
import { eventually } from "../kit/wait.ts";

async function runExample() {
  const { http, carillon } = createApp();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const released = opened(http, "the example");
  return {
    url,
    carillon,
    connect: (namespace: string, token?: string) =>
      new Client(url, namespace, { transports: ["websocket"], auth: { token } }),
    async [Symbol.asyncDispose]() {
      await carillon.close();
      await closeServer(http);
      released();
    },
  };
}

async function closeServer(http: Server): Promise<void> {
  const closed = once(http, "close");
  http.close();
  http.closeAllConnections();
  await closed;
}

describe("Carillon in an Express app that is there already", () => {
  it("serves its namespaces beside the app's own routes and namespaces", async () => {
    await using app = await runExample();
    await using game = app.connect("/game");
    await using ann = app.connect("/app/chat", "session-of-ann");
    await using bob = app.connect("/app/chat", "session-of-bob");
    for (const client of [ann, bob]) await client.request("room:join", { room: "lobby" });
    await ann.request("message:send", { id: "from-the-app", room: "lobby", text: "hello" });
    await bob.event("message:sent", ({ text }) => text === "hello");
    expect(await game.socket.emitWithAck("move", 3)).to.deep.equal({ moved: 3 });
    expect(await (await fetch(`${app.url}/hello`)).text()).to.equal("Hello from the app");
    expect(await (await fetch(`${app.url}/nothing`)).text()).to.include("Cannot GET /nothing");
  });

  it("asks the app who somebody is, and who may enter a room", async () => {
    await using app = await runExample();
    await using nobody = app.connect("/app/chat", "no such session");
    await using bob = app.connect("/app/chat", "session-of-bob");
    await using ann = app.connect("/app/chat", "session-of-ann");
    const refusal = await new Promise<Error>((resolve) => nobody.socket.once("connect_error", resolve));
    expect(refusal.message).to.equal("unauthorized");
    expect(await bob.refusal("room:join", { room: "staff-1" })).to.equal("forbidden");
    await ann.request("room:join", { room: "staff-1" });
    expect(await bob.refusal("member:mute", { room: "lobby", user: "ann" })).to.equal("forbidden");
    await ann.request("member:mute", { room: "lobby", user: "bob" });
  });

  it("does not serve what was switched off, nor where it is not", async () => {
    await using app = await runExample();
    for (const namespace of ["/monitor", "/chat"]) {
      await using client = app.connect(namespace, "session-of-ann");
      const refusal = await new Promise<Error>((resolve) => client.socket.once("connect_error", resolve));
      expect(refusal.message).to.equal("Invalid namespace");
    }
  });

  it("takes notifications from anywhere in the app", async () => {
    await using app = await runExample();
    await using bob = app.connect("/notify", "session-of-bob");
    await bob.event("session:opened");
    expect((await fetch(`${app.url}/orders/bob`, { method: "POST" })).status).to.equal(202);
    await bob.event("notification:sent", ({ title }) => title === "Your order is on its way");
  });

  it("closes without touching what is the app's", async () => {
    await using app = await runExample();
    await using game = app.connect("/game");
    await using ann = app.connect("/app/chat", "session-of-ann");
    expect(await game.socket.emitWithAck("move", 1)).to.deep.equal({ moved: 1 });
    await ann.event("session:opened");
    await app.carillon.close();
    await app.carillon.close();
    await eventually(() => !ann.socket.connected);
    expect(ann.heard.at(-1)).to.deep.include({ name: "session:closing" });
    expect(await game.socket.emitWithAck("move", 2)).to.deep.equal({ moved: 2 });
    expect(await (await fetch(`${app.url}/hello`)).text()).to.equal("Hello from the app");
    await using late = app.connect("/app/chat", "session-of-ann");
    const refusal = await new Promise<Error>((resolve) => late.socket.once("connect_error", resolve));
    expect(refusal.message).to.equal("Invalid namespace");
  });
});
