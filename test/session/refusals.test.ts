import { createServer } from "node:http";
import { expect } from "chai";
import { SignJWT } from "jose";
import { CarillonError, createCarillon, type ErrorCode } from "../../src/index.ts";
import { namespaces } from "../../src/namespaces/index.ts";
import { Client } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { listening } from "../kit/http.ts";
import { keepLogs } from "../kit/logs.ts";
import { RawClient } from "../kit/raw.ts";
import { SECRET, startServer, type TestServer } from "../kit/server.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { eventually } from "../kit/wait.ts";

interface ConnectError extends Error {
  readonly data?: unknown;
}

const refusalOf = (client: Client) =>
  new Promise<ConnectError>((resolve, reject) => {
    client.socket.once("connect_error", resolve);
    client.socket.once("connect", () => reject(new Error("let in")));
  });

/** How often a client's manager has tried to reconnect. */
function countAttempts({ socket }: Client): () => number {
  let attempts = 0;
  socket.io.on("reconnect_attempt", () => attempts++);
  return () => attempts;
}

/** Longer than any client waits before it comes back: one that was cut meanwhile is here again. */
async function longEnoughToComeBack(server: TestServer): Promise<void> {
  await using witness = await server.connect("/chat", "witness");
  for (let round = 0; round < 2; round++) {
    const before = witness.socket.id;
    server.carillon.chat?.sockets.get(before ?? "")?.conn.close();
    await eventually(() => witness.socket.connected && witness.socket.id !== before);
  }
}

const admitAnn = () => ({ id: "ann" });

function sign(secret: string, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
}

describe("a refusal", () => {
  it("guards every namespace", async () => {
    await using server = await startServer();
    for (const { contract } of namespaces) {
      await using client = server.client(contract.name, undefined);
      expect((await refusalOf(client)).message, contract.name).to.equal("unauthorized");
    }
  });

  for (const [transport, options] of TRANSPORTS) {
    describe(`of a stock client over ${transport}`, () => {
      it("is a connect_error with the code and the ack's error object when it is terminal, and the client stops", async () => {
        const untilAt = Date.now() + 60_000;
        const authenticate = (token: unknown) => {
          if (token === "banned") throw new CarillonError("banned", { details: { untilAt } });
          return token === "witness" ? { id: "witness" } : null;
        };
        await using server = await startServer();
        await using hooked = await startServer({ authenticate });
        const exp = Math.floor(Date.now() / 1000) + 60;
        const cases: [server: TestServer, namespace: string, token: unknown, code: ErrorCode, details?: object][] = [
          [server, "/chat", undefined, "unauthorized"],
          [server, "/chat", "not.a.token", "unauthorized"],
          [server, "/chat", [await server.token("ann")], "unauthorized"],
          [server, "/chat", { token: await server.token("ann") }, "unauthorized"],
          [
            server,
            "/notify",
            await sign("another secret, just as long as the one", { sub: "ann", exp }),
            "unauthorized",
          ],
          [server, "/chat", await sign(SECRET, { sub: "ann" }), "unauthorized"],
          [server, "/chat", await server.token("ann", {}, -1), "token_expired"],
          [server, "/monitor", await server.token("ann", { roles: ["moderator"] }), "forbidden"],
          [hooked, "/chat", "nobody", "unauthorized"],
          [hooked, "/chat", "banned", "banned", { untilAt }],
        ];
        for (const [at, namespace, token, code, details] of cases) {
          await using client = at.client(namespace, token, options);
          const attempts = countAttempts(client);
          const error = await refusalOf(client);
          expect(error.message).to.equal(code);
          expect(error.data).to.deep.equal({ ...new CarillonError(code).failure, ...(details && { details }) });
          expect(client.socket.active).to.equal(false);
          await longEnoughToComeBack(server);
          expect(attempts(), `${code} on ${namespace}`).to.equal(0);
        }
      });

      it("closes the transport when it is retryable, and the client is let in by itself once that is over", async () => {
        let outage = true;
        const authenticate = (token: unknown) => {
          if (outage) throw new Error("connect ECONNREFUSED 10.0.0.3:5432");
          return { id: String(token) };
        };
        await using server = await startServer({ authenticate });
        await using client = server.client("/chat", "ann", options);
        const refusals: Error[] = [];
        client.socket.on("connect_error", (error) => refusals.push(error));
        await eventually(async () => {
          const { body } = await server.call("GET", "/metrics");
          return /refusals_total\{code="unavailable"\} [2-9]/.test(String(body));
        });
        expect(client.socket.active).to.equal(true);
        outage = false;
        await client.event("session:opened");
        expect(refusals.map(({ message }) => message)).to.not.include("unavailable");
      });

      it("is a timeout where the hook hangs for 5 s, and is over with it", async () => {
        const clock = fakeClock();
        let hangs = true;
        let asked = 0;
        const authenticate = () => {
          asked++;
          return hangs ? new Promise<never>(() => {}) : { id: "ann" };
        };
        await using server = await startServer({ authenticate, clock });
        await using client = server.client("/chat", "ann", options);
        await eventually(() => asked === 1);
        await clock.advance(4_999);
        expect(server.carillon.io.engine.clientsCount).to.equal(1);
        hangs = false;
        await clock.advance(1);
        await client.event("session:opened");
        expect(asked).to.equal(2);
      });

      it("is over when a draining worker has given way to another", async () => {
        const http = createServer();
        await using place = await listening(http);
        const going = createCarillon({ server: http, authenticate: admitAnn });
        await going.drain();
        await using client = new Client(place.url, "/chat", options);
        const attempts = countAttempts(client);
        await eventually(() => attempts() >= 2);
        expect(client.heard).to.deep.equal([]);
        await going.close();
        const coming = createCarillon({ server: http, authenticate: admitAnn });
        await client.event("session:opened");
        await coming.close();
      });
    });
  }

  it("says nothing to the client of what went wrong inside, and tells the log", async () => {
    const { logger, lines } = keepLogs();
    const cause = new Error("SELECT secret FROM users");
    const authenticate = () => Promise.reject(cause);
    await using server = await startServer({ authenticate, logger });
    await using client = await new RawClient(server.url).open();
    client.send('40/chat,{"token":"x"}');
    await client.closed();
    expect(client.heard.slice(1)).to.deep.equal([]);
    expect(lines.filter(({ level }) => level === "warn").map(({ fields }) => fields)).to.deep.equal([
      { namespace: "/chat", code: "unavailable", err: cause },
    ]);
  });

  it("leaves nothing behind in the server, whichever way it went", async () => {
    await using server = await startServer({
      authenticate(token) {
        if (token === "outage") throw new Error("down");
        return null;
      },
    });
    for (const token of ["outage", "nobody"]) {
      await using client = await new RawClient(server.url).open();
      client.send(`40/chat,{"token":"${token}"}`);
      if (token === "outage") await client.closed();
      else await client.packet((packet) => packet.startsWith("44/chat,"));
    }
    // Where Socket.IO keeps a socket until its middlewares have made up their minds.
    const { _preConnectSockets: waiting } = server.carillon.chat as unknown as {
      _preConnectSockets: Map<string, unknown>;
    };
    await eventually(() => waiting.size === 0);
  });
});
