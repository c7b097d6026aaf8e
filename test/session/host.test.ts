import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { Server } from "socket.io";
import { createCarillon } from "../../src/index.ts";
import { Client } from "../kit/client.ts";
import { type FakeClock, fakeClock } from "../kit/clock.ts";
import { RawClient } from "../kit/raw.ts";
import { eventually } from "../kit/wait.ts";

const authenticate = (token: unknown) => (typeof token === "string" ? { id: token } : null);

interface Host extends AsyncDisposable {
  readonly io: Server;
  readonly url: string;
  readonly clock: FakeClock;
  readonly close: () => Promise<void>;
}

async function startHost(): Promise<Host> {
  const clock = fakeClock();
  const io = new Server(createServer().listen(0, "127.0.0.1"));
  await new Promise<void>((resolve) => io.httpServer.once("listening", resolve));
  const carillon = createCarillon({ io, clock, authenticate });
  return {
    io,
    clock,
    url: `http://127.0.0.1:${(io.httpServer.address() as AddressInfo).port}`,
    close: carillon.close,
    async [Symbol.asyncDispose]() {
      await carillon.close();
      await io.close();
    },
  };
}

describe("a Socket.IO server of the host's own", () => {
  it("keeps its own clients, with or without Carillon's namespaces, for as long as they like", async () => {
    await using host = await startHost();
    await using own = new Client(host.url, "/", { transports: ["websocket"] });
    await eventually(() => own.socket.connected);
    await host.clock.advance(60_000);
    await using chat = await own.beside("/chat", "ann").connected();
    await host.clock.advance(60_000);
    chat.socket.disconnect();
    await host.clock.advance(60_000);
    expect(own.socket.connected).to.equal(true);
    expect(host.io.of("/").sockets.size).to.equal(1);
  });

  it("is left alone once Carillon is closed, with the connections that are there", async () => {
    await using host = await startHost();
    await using raw = await new RawClient(host.url).open();
    await using own = new Client(host.url, "/", { transports: ["websocket"] });
    await eventually(() => own.socket.connected);
    await host.close();
    own.socket.disconnect();
    await eventually(() => host.io.of("/").sockets.size === 0);
    await host.clock.advance(60_000);
    expect(host.clock.pending).to.equal(0);
    expect(raw.isOpen).to.equal(true);
  });

  it("has to be attached first, and to leave recovery to Carillon", () => {
    const detached = new Server();
    expect(() => createCarillon({ io: detached, authenticate })).to.throw(TypeError, "io.attach(server)");
    const recovering = new Server(createServer(), { connectionStateRecovery: {} });
    expect(() => createCarillon({ io: recovering, authenticate })).to.throw(TypeError, "connectionStateRecovery");
  });
});
