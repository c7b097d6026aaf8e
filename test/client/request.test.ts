import { expect } from "chai";
import type { RequestError } from "../../client/index.ts";
import { CarillonError } from "../../src/protocol/errors.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { behindProxy, chatOf, open, reaches, refusalOf } from "./connection.ts";

describe("a request", () => {
  it("is answered, or refused with one error that says what the server said", async () => {
    await using server = await startServer({ rate: { perSec: 1, burst: 4 } });
    await using connection = open({ url: server.url, token: await server.token("ann") });
    const { channel } = connection.chat;
    await reaches("open", chatOf(connection));
    const { room, recovered } = await channel.request("room:join", { room: "lobby" });
    expect({ room, recovered }).to.deep.equal({ room: "lobby", recovered: null });
    const muting = channel.request("member:mute", { room: "lobby", user: "bob" });
    const refused = await refusalOf(muting);
    expect(refused).to.include({ code: "forbidden", retryable: false, name: "RequestError" });
    expect(refused.message).to.equal(new CarillonError("forbidden").message);
    expect(refused.failure).to.deep.equal(new CarillonError("forbidden").failure);
    const codes: RequestError[] = [];
    for (let n = 0; n < 3; n++) await channel.request("room:mine", {}).catch((error) => codes.push(error));
    expect(codes[0]).to.include({ code: "rate_limited", retryable: true });
    expect(codes[0]?.retryAfterMs).to.be.within(1, 1_000);
    const unknown = chatOf(connection).request("room:paint", {});
    expect((await refusalOf(unknown)).code).to.be.oneOf(["unknown_request", "rate_limited"]);
  });

  it("that has no connection is unavailable at once, and is not sent later", async () => {
    await using server = await startServer();
    let isOut = true;
    await using proxy = await behindProxy(server, () => isOut);
    await using connection = open({ url: proxy.url, token: await server.token("ann") });
    const { channel } = connection.chat;
    const send = (id: string) => channel.request("message:send", { id, room: "lobby", text: id });
    const isRefused = async (id: string) => {
      const { code, retryable, message } = await refusalOf(send(id));
      expect({ code, retryable }).to.deep.equal({ code: "unavailable", retryable: true });
      expect(message).to.equal("There is no connection at the moment.");
    };
    await isRefused("before-connecting");
    isOut = false;
    await reaches("open", chatOf(connection));
    isOut = true;
    proxy.cut();
    await reaches("offline", chatOf(connection));
    await isRefused("while-offline");
    isOut = false;
    await reaches("open", chatOf(connection));
    const { id } = channel.socket.io.engine;
    // As after a sleep: the last ping is long ago, and nobody has noticed yet.
    Object.assign(channel.socket.io.engine, { _pingTimeoutTime: Date.now() - 1 });
    expect(channel.socket.connected).to.equal(true);
    await isRefused("after-a-sleep");
    await eventually(() => channel.socket.connected && channel.socket.io.engine.id !== id);
    await reaches("open", chatOf(connection));
    await send("after-all");
    const { entries } = await channel.request("history:read", { room: "lobby" });
    expect(entries.map((entry) => entry.id)).to.deep.equal(["after-all"]);
  });

  it("that is not answered in time, or whose connection is cut before, is a timeout: its outcome is unknown", async () => {
    await using server = await startServer();
    await using proxy = await behindProxy(server);
    const socket = { transports: ["websocket"] };
    await using connection = open({ url: proxy.url, token: await server.token("ann"), timeoutMs: 150, socket });
    const { channel } = connection.chat;
    await reaches("open", chatOf(connection));
    const send = (id: string) => channel.request("message:send", { id, room: "lobby", text: id });
    const startedAt = performance.now();
    for (const link of proxy.links) link.hold("down");
    const late = await refusalOf(send("unanswered"));
    expect(late).to.include({ code: "timeout", retryable: true });
    expect(late.message).to.equal("No answer in time; the outcome is unknown.");
    expect(performance.now() - startedAt).to.be.within(149, 2_000);
    const cut = refusalOf(send("cut-before"));
    await eventually(async () => (await historyOf(server, "lobby")).length === 2);
    proxy.cut();
    expect((await cut).code).to.equal("timeout");
    await reaches("open", chatOf(connection));
    expect(await send("unanswered")).to.include({ seq: 1, duplicate: true });
  });
});

async function historyOf(server: TestServer, room: string): Promise<readonly { text: string }[]> {
  return (await server.call("GET", `/api/rooms/${room}/messages`)).body.data.entries;
}
