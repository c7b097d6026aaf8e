import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { Server } from "socket.io";
import { createCarillon } from "../../src/index.ts";
import { Client } from "../kit/client.ts";

async function listen(http: HttpServer): Promise<string> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

async function close(http: HttpServer): Promise<void> {
  const closed = once(http, "close");
  http.close();
  http.closeAllConnections();
  await closed;
}

const authenticate = (token: unknown) => ({ id: String(token) });

describe("createCarillon({ server })", () => {
  it("gives the server back as it was, and another can take its place", async () => {
    const http = createServer((_request, response) => void response.end("mine"));
    const url = await listen(http);
    const before = http.listeners("request");
    for (const round of [1, 2]) {
      const carillon = createCarillon({ server: http, authenticate, roomAccess: "open" });
      expect(await (await fetch(url)).text()).to.equal("mine");
      await using ann = new Client(url, "/chat", { transports: ["websocket"], auth: { token: "ann" } });
      await ann.request("room:join", { room: `round-${round}` });
      await carillon.close();
      expect(http.listeners("request")).to.deep.equal(before);
      expect(http.listeners("upgrade")).to.deep.equal([]);
      expect(await (await fetch(url)).text()).to.equal("mine");
    }
    await close(http);
  });

  it("keeps what the host has added to the server meanwhile", async () => {
    const http = createServer();
    await listen(http);
    const carillon = createCarillon({ server: http, authenticate });
    const added = () => http.emit("seen");
    http.on("request", added);
    await carillon.close();
    expect(http.listeners("request")).to.deep.equal([added]);
    await close(http);
  });

  it("says what it needs when it gets neither a server nor a Socket.IO server", () => {
    expect(() => createCarillon({ authenticate })).to.throw(TypeError, "`io` or `server`");
  });
});

describe("createCarillon({ io })", () => {
  it("can be closed and created again on the same Socket.IO server", async () => {
    const http = createServer();
    const io = new Server(http);
    const url = await listen(http);
    for (const round of [1, 2]) {
      const carillon = createCarillon({ io, authenticate, roomAccess: "open" });
      await using ann = new Client(url, "/chat", { transports: ["websocket"], auth: { token: "ann" } });
      const { head } = await ann.request("room:join", { room: "lobby" });
      expect(head, `round ${round}`).to.equal(0);
      await ann.request("message:send", { id: "same-id-each-time", room: "lobby", text: "hello" });
      expect(carillon.chat?.sockets.size).to.equal(1);
      await carillon.close();
    }
    await io.close();
  });

  it("lets the host emit to Carillon's rooms as it always does", async () => {
    const http = createServer();
    const io = new Server(http);
    const url = await listen(http);
    const carillon = createCarillon({ io, authenticate, roomAccess: "open" });
    await using ann = new Client(url, "/plain-chat-events", { transports: ["websocket"], auth: { token: "ann" } });
    ann.socket.disconnect();
    const socket = ann.socket.io.socket("/chat", { auth: { token: "ann" } }).connect();
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    await socket.emitWithAck("room:join", { room: "lobby" });
    const heard = new Promise((resolve) => socket.once("host:said", resolve));
    carillon.chat?.to("room:lobby").emit("host:said", { hello: 1 });
    expect(await heard).to.deep.equal({ hello: 1 });
    const told = new Promise((resolve) => socket.once("host:said", resolve));
    carillon.chat?.to("user:ann").emit("host:said", { hello: 2 });
    expect(await told).to.deep.equal({ hello: 2 });
    socket.disconnect();
    await carillon.close();
    await io.close();
  });
});
