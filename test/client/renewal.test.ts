import { expect } from "chai";
import { RequestError } from "../../client/index.ts";
import { CarillonError, type ErrorCode } from "../../src/protocol/errors.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { channelsOf, chatOf, open, reaches } from "./connection.ts";

const UNAUTHORIZED = new CarillonError("unauthorized").failure;

describe("a connection's token", () => {
  it("is asked for once for three namespaces at once", async () => {
    await using server = await startServer();
    let asked = 0;
    const token = async () => {
      asked++;
      return server.token("ann", { roles: ["monitor"] });
    };
    await using connection = open({ url: server.url, token });
    const channels = channelsOf(connection);
    await reaches("open", ...channels);
    expect(asked).to.equal(1);
    expect(server.carillon.io.engine.clientsCount).to.equal(1);
    expect(channels.map((channel) => channel.getSnapshot().session?.user.id)).to.deep.equal(["ann", "ann", "ann"]);
  });

  it("is replaced in band before it ends, again and again, on the same transport", async () => {
    await using server = await startServer();
    let asked = 0;
    const token = () => {
      asked++;
      return server.token("ann", { roles: ["monitor"] }, 3);
    };
    await using connection = open({ url: server.url, token });
    const channels = channelsOf(connection);
    await reaches("open", ...channels);
    const [chat] = channels;
    const { id } = chat.socket.io.engine;
    let endsAt = chat.getSnapshot().session?.expiresAt ?? 0;
    const marginsMs: number[] = [];
    for (const { socket } of channels) {
      socket.onAnyOutgoing((name: string) => {
        if (name !== "token:refresh") return;
        marginsMs.push(endsAt - Date.now());
        endsAt = (Math.floor(Date.now() / 1000) + 3) * 1000;
      });
    }
    await eventually(() => marginsMs.length >= 2, 10_000);
    for (const margin of marginsMs) expect(margin).to.be.within(500, 2_100);
    await chat.request("room:mine", {});
    expect(chat.socket.io.engine.id).to.equal(id);
    expect(asked).to.equal(1 + marginsMs.length);
    for (const channel of channels) expect(channel.getSnapshot().failure).to.equal(undefined);
  });

  it("that was kept too long is replaced by a fresh one, and one comes in", async () => {
    await using server = await startServer();
    const given = [await server.token("ann", {}, -10), await server.token("ann")];
    await using connection = open({ url: server.url, token: () => given.shift() ?? "none left" });
    const chat = chatOf(connection);
    await reaches("open", chat);
    expect(chat.getSnapshot().failure).to.equal(undefined);
    expect(given).to.deep.equal([]);
  });

  it("that is not taken is tried with one fresh one, not with one after another", async () => {
    for (const [make, code] of [
      [async () => "not.a.token", "unauthorized"],
      [(server) => server.token("ann", {}, -10), "token_expired"],
    ] as [(server: Awaited<ReturnType<typeof startServer>>) => Promise<string>, ErrorCode][]) {
      await using server = await startServer();
      let handshakes = 0;
      server.carillon.io.engine.on("connection", () => handshakes++);
      let asked = 0;
      await using connection = open({
        url: server.url,
        token: () => {
          asked++;
          return make(server);
        },
      });
      const chat = chatOf(connection);
      await reaches("refused", chat);
      expect(chat.getSnapshot().failure).to.include({ code, retryable: false });
      expect(connection.getSnapshot()).to.equal(chat.getSnapshot());
      expect(asked).to.equal(2);
      expect(handshakes).to.be.most(2);
      expect(chat.socket.active).to.equal(false);
      await eventually(() => server.carillon.io.engine.clientsCount === 0);
      expect(asked).to.equal(2);
    }
  });

  it("that is not taken and cannot be replaced is refused at once", async () => {
    await using server = await startServer();
    await using connection = open({ url: server.url, token: "not.a.token" });
    const chat = chatOf(connection);
    await reaches("refused", chat);
    expect(chat.getSnapshot().failure?.code).to.equal("unauthorized");
  });

  it("that its source refuses is a refusal, until one reconnects", async () => {
    await using server = await startServer();
    let isSignedIn = false;
    const token = () => {
      if (!isSignedIn) throw new RequestError(UNAUTHORIZED);
      return server.token("ann", { roles: ["monitor"] });
    };
    await using connection = open({ url: server.url, token });
    const channels = channelsOf(connection);
    await reaches("refused", ...channels);
    expect(connection.getSnapshot().failure).to.deep.equal(UNAUTHORIZED);
    isSignedIn = true;
    connection.reconnect();
    expect(connection.getSnapshot().status).to.equal("connecting");
    await reaches("open", ...channels);
  });

  it("may take so long that the connection is cut meanwhile: one enters once with the next", async () => {
    await using server = await startServer();
    let opens = 0;
    server.carillon.io.engine.on("connection", () => opens++);
    let entered = 0;
    server.carillon.chat?.on("connection", () => entered++);
    let give!: (token: string) => void;
    const token = new Promise<string>((resolve) => (give = resolve));
    await using connection = open({ url: server.url, token: () => token });
    const chat = chatOf(connection);
    for (const round of [1, 2]) {
      await eventually(() => opens === round && chat.socket.io["_readyState"] === "open");
      chat.socket.io.engine.close();
    }
    await eventually(() => opens === 3 && chat.socket.io["_readyState"] === "open");
    give(await server.token("ann"));
    await reaches("open", chat);
    await chat.request("room:mine", {});
    expect({ opens, entered }).to.deep.equal({ opens: 3, entered: 1 });
  });
});
