import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import type { Manager } from "socket.io-client";
import type { RequestError } from "../../client/index.ts";
import type { Link, Proxy } from "../kit/proxy.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { behindProxy, channelsOf, chatOf, open, reaches, refusalOf } from "./connection.ts";

/** Holds the websocket of a client's next upgrade back; `cut` ends it in the moment in which the client has its probe answered. */
function holdUpgrade(server: TestServer, proxy: Proxy, manager: Manager) {
  const hold = ({ socket }: IncomingMessage): Link => {
    const link = proxy.links.find(({ source }) => source === socket.remotePort);
    if (!link) throw new Error("It did not come through the proxy");
    link.hold("down");
    return link;
  };
  const held = new Promise<Link>((resolve) => server.http.once("upgrade", (request) => resolve(hold(request))));
  return {
    async cut(): Promise<void> {
      const websocket = await held;
      const { engine } = manager;
      const failed = new Promise<unknown>((resolve) => engine.once("upgradeError", resolve));
      // Were a poll answered before the cut is noticed, the upgrade would be complete, and this be a cut like any other. What is on its
      // way now is there before the probe has gone and come back; behind it comes nothing.
      server.http.on("request", hold);
      for (const link of proxy.links) link.hold("down");
      engine.once("upgrading", () => websocket.cut());
      websocket.release("down");
      await failed;
      server.http.off("request", hold);
      for (const link of proxy.links) link.release("down");
    },
  };
}

describe("an upgrade to websocket", () => {
  it("finds in the stock client what is looked at there", async () => {
    await using server = await startServer();
    await using connection = open({ url: server.url, token: await server.token("ann") });
    const { io: manager } = chatOf(connection).socket;
    await new Promise<void>((resolve) => manager.once("open", resolve));
    const engine = manager.engine as unknown as Record<string, unknown>;
    expect(engine["upgrading"]).to.be.oneOf([undefined, false]);
    expect(engine["_onClose"]).to.be.a("function");
    expect(manager.engine.transport).to.have.property("readyState", "open");
    await new Promise((resolve) => manager.engine.once("upgrading", resolve));
    expect(engine["upgrading"]).to.equal(true);
    expect(engine["_pingTimeoutTime"]).to.be.a("number");
    expect(manager.engine.transport).to.have.property("name", "polling");
  });

  it("that is cut in its middle costs a reconnection, and not the 45 s until a ping is missed", async () => {
    await using server = await startServer();
    await using proxy = await behindProxy(server);
    const token = await server.token("ann", { roles: ["monitor"] });
    await using connection = open({ url: proxy.url, token });
    const channels = channelsOf(connection);
    const [chat] = channels;
    const { io: manager } = chat.socket;
    const upgrade = holdUpgrade(server, proxy, manager);
    await reaches("open", ...channels);
    const { id } = manager.engine;
    manager.engine.once("upgrading", () => (pending = refusalOf(chat.request("room:mine", {}))));
    let pending: Promise<RequestError> | undefined;
    const startedAt = performance.now();
    await upgrade.cut();
    expect((await pending)?.code).to.equal("timeout");
    await eventually(() => manager.engine.id !== id && channels.every(({ socket }) => socket.connected));
    await reaches("open", ...channels);
    expect(performance.now() - startedAt).to.be.below(3_000);
    expect(channels.every(({ socket }) => socket.active)).to.equal(true);
    expect(await chat.request("room:mine", {})).to.deep.equal({ rooms: [] });
    await eventually(() => manager.engine.transport.name === "websocket");
    // The server was told, and keeps nobody who is not there.
    await eventually(() => server.carillon.io.engine.clientsCount === 1);
  });

  it("that is cut in its middle while one closes is over at once", async () => {
    await using server = await startServer();
    await using proxy = await behindProxy(server);
    await using connection = open({ url: proxy.url, token: await server.token("ann") });
    const chat = chatOf(connection);
    const { io: manager } = chat.socket;
    const upgrade = holdUpgrade(server, proxy, manager);
    await reaches("open", chat);
    const { engine } = manager;
    engine.once("upgrading", () => connection.close());
    await upgrade.cut();
    await eventually(() => engine.readyState === "closed");
    expect(manager["_readyState"]).to.equal("closed");
    expect(manager.engine).to.equal(engine);
    await eventually(() => server.carillon.io.engine.clientsCount === 0);
  });
});
