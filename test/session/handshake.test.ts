import { type EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { expect } from "chai";
import { Server, type Socket } from "socket.io";
import { signToken } from "../../src/auth/token.ts";
import { systemClock } from "../../src/clock.ts";
import { createCarillon } from "../../src/index.ts";
import { Client } from "../kit/client.ts";
import { heapBytes } from "../kit/heap.ts";
import { RawClient } from "../kit/raw.ts";
import { SECRET, startServer, type TestServer } from "../kit/server.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { eventually } from "../kit/wait.ts";

const HEADERS = { "x-tenant": "acme" };

function onlySocket(server: TestServer): Socket {
  const [socket] = [...(server.carillon.chat?.sockets.values() ?? [])];
  if (!socket) throw new Error("nobody there");
  return socket;
}

describe("the request with which a session has come", () => {
  it("is not kept by a Carillon that checks tokens itself, nor is the token", async () => {
    for (const [transport, options] of TRANSPORTS) {
      await using server = await startServer();
      const requests: WeakRef<IncomingMessage>[] = [];
      for (const event of ["request", "upgrade"])
        server.http.on(event, (request: IncomingMessage) => requests.push(new WeakRef(request)));
      await using ann = await server.connect("/chat", "ann", {}, { ...options, extraHeaders: HEADERS });
      await ann.request("room:mine");
      const { handshake, request } = onlySocket(server);
      expect([handshake.headers, handshake.auth, request.headers], transport).to.deep.equal([{}, {}, {}]);
      expect(handshake.address, transport).to.equal("127.0.0.1");
      // A poll that waits for an answer is one that is there.
      const waiting = transport.includes("polling only") ? 1 : 0;
      await eventually(() => heapBytes() > 0 && requests.filter((each) => each.deref()).length <= waiting);
    }
  });

  it("is there for a hook, and for whoever listens for connections beside one", async () => {
    const seen: unknown[] = [];
    const authenticate = (token: unknown, { headers }: { headers: Record<string, unknown> }) => {
      seen.push(headers["x-tenant"]);
      return { id: String(token) };
    };
    await using server = await startServer({ authenticate });
    await using chat = await server.client("/chat", "ann", { extraHeaders: HEADERS }).connected();
    await using notify = await chat.beside("/notify", "ann").connected();
    await notify.request("topic:list");
    expect(seen).to.deep.equal(["acme", "acme"]);
    const { handshake, request } = onlySocket(server);
    expect([handshake.headers["x-tenant"], handshake.auth, request.headers["x-tenant"]]).to.deep.equal([
      "acme",
      { token: "ann" },
      "acme",
    ]);
  });

  it("stays at a Socket.IO server of the host's own", async () => {
    const io = new Server(createServer().listen(0, "127.0.0.1"));
    await once(io.httpServer, "listening");
    const carillon = createCarillon({ io, auth: { secret: SECRET } });
    const { port } = io.httpServer.address() as AddressInfo;
    try {
      const { token } = await signToken(SECRET, { sub: "ann" }, { ttlSec: 60, clock: systemClock });
      const options = { auth: { token }, extraHeaders: HEADERS };
      await using ann = await new Client(`http://127.0.0.1:${port}`, "/chat", options).connected();
      const [socket] = [...(carillon.chat?.sockets.values() ?? [])];
      expect(socket?.request.headers["x-tenant"]).to.equal("acme");
      expect(socket?.handshake.auth).to.deep.equal({ token });
      await ann.request("room:mine");
    } finally {
      await carillon.close();
      await io.close();
    }
  });
});

describe("an upgrade", () => {
  it("is answered together with the first packet, in one write", async () => {
    await using server = await startServer();
    let writes = 0;
    server.http.prependListener("upgrade", (_request, stream: Duplex) => {
      for (const name of ["_write", "_writev"] as const) {
        const write = stream[name]?.bind(stream) as (...args: unknown[]) => void;
        Object.assign(stream, { [name]: (...args: unknown[]) => (writes++, write(...args)) });
      }
    });
    await using raw = await new RawClient(server.url).open();
    expect([raw.heard.length, writes]).to.deep.equal([1, 1]);
  });

  it("is over for a middleware once it is answered", async () => {
    await using server = await startServer();
    let closed = 0;
    server.carillon.io.engine.use((_request: unknown, response: EventEmitter, next: () => void) => {
      response.once("close", () => closed++);
      next();
    });
    await using ann = await server.connect("/chat", "ann");
    await ann.request("room:mine");
    expect(closed).to.equal(1);
  });
});
