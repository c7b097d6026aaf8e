import type { Socket as Connection } from "engine.io";
import { expect } from "chai";
import { CarillonError } from "../../src/index.ts";
import { closeNow, cut, backlog, missingInternals, socketBacklog, whenGone } from "../../src/runtime/engine.ts";
import { keepLogs } from "../kit/logs.ts";
import { startServer } from "../kit/server.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { eventually } from "../kit/wait.ts";

/** A connection of an engine.io that keeps everything elsewhere. */
function strange(name: string) {
  const calls: string[] = [];
  const connection = {
    readyState: "open",
    transport: { name, emit: (event: string) => calls.push(`transport ${event}`) },
    close: () => calls.push("close"),
    once: (event: string) => calls.push(`once ${event}`),
  };
  return { calls, connection: connection as unknown as Connection };
}

describe("what we reach into of engine.io", () => {
  it("is there in the version that is installed, on every transport", async () => {
    const { logger, lines } = keepLogs();
    await using server = await startServer({ logger });
    for (const [transport, options] of TRANSPORTS) {
      await using ann = await server.connect("/chat", "ann", {}, options);
      const [socket] = [...(server.carillon.chat?.sockets.values() ?? [])];
      expect(socket && missingInternals(socket.conn), transport).to.deep.equal([]);
      ann.socket.disconnect();
      await eventually(() => server.carillon.chat?.sockets.size === 0);
    }
    expect(lines).to.deep.equal([]);
  });

  it("is warned of once where it is not there, and served without", async () => {
    const { logger, lines } = keepLogs();
    await using server = await startServer({ logger });
    server.carillon.io.engine.prependListener("connection", ({ transport }: Connection) => {
      Object.assign((transport as unknown as { socket: object }).socket, { terminate: undefined });
    });
    for (let n = 0; n < 2; n++) {
      await using ann = await server.connect("/chat", "ann");
      await ann.request("room:join", { room: "lobby" });
      const [socket] = [...(server.carillon.chat?.sockets.values() ?? [])];
      if (socket) cut(socket.conn);
      await ann.event("session:opened");
    }
    expect(lines.map(({ level, fields }) => ({ level, fields }))).to.deep.equal([
      { level: "warn", fields: { transport: "websocket", missing: ["transport.socket.terminate"] } },
    ]);
  });

  it("counts as nothing where it is not there: nobody waits for ever, and a close is a plain one", () => {
    for (const name of ["websocket", "polling"]) {
      const { connection, calls } = strange(name);
      expect(missingInternals(connection)).to.include("writeBuffer");
      expect(backlog(connection)).to.equal(0);
      expect(socketBacklog(connection)).to.equal(0);
      cut(connection);
      closeNow(connection);
      whenGone(connection, () => {});
      expect(calls).to.deep.equal(["close", "transport close", "close", "transport close", "once close"]);
    }
  });
});

describe("CarillonError", () => {
  it("shows its cause to nobody but the log, however it is written out", () => {
    const error = new CarillonError("internal", { cause: new Error("secret") });
    expect(JSON.stringify(error)).to.not.include("secret");
    expect(JSON.stringify(error.failure)).to.not.include("secret");
    expect(Object.values(error)).to.not.include(error.cause);
    expect(error.message).to.not.include("secret");
  });
});
