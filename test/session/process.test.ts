import { createServer } from "node:http";
import { expect } from "chai";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { signToken, systemClock } from "../../src/index.ts";
import { Client } from "../kit/client.ts";
import { listening } from "../kit/http.ts";
import { RawClient } from "../kit/raw.ts";
import { SECRET } from "../kit/server.ts";
import { spawnService, startService } from "../kit/service.ts";
import { eventually } from "../kit/wait.ts";

const ISSUER = { iss: "https://issuer.example", aud: "carillon" };

const token = async (sub: string) => {
  const signed = await signToken(SECRET, { sub, ...ISSUER }, { ttlSec: 60, clock: systemClock });
  return signed.token;
};

describe("the process", () => {
  it("refuses an environment that it cannot use, saying all that is wrong with it, with exit code 1", async () => {
    await using service = spawnService({ PORT: "99999", RATE_BURST: "none", JWT_SECRET: "too short" });
    expect(await service.exited).to.equal(1);
    for (const name of ["PORT", "RATE_BURST", "JWT_SECRET"]) expect(service.output()).to.include(name);
    expect(service.output()).to.not.match(/too short|at .*\.ts/);
  });

  it("says that its port is busy, with exit code 1", async () => {
    await using taken = await listening(createServer());
    await using service = spawnService({ PORT: String(taken.port) });
    expect(await service.exited).to.equal(1);
    expect(service.output()).to.match(/could not start: .*EADDRINUSE/);
  });

  it("ends with another code than 0 when a rejection is handled by nobody, and says so in its log", async () => {
    const reject = `process.on("SIGUSR2", () => Promise.reject(new Error("nobody awaits this")));`;
    await using service = await startService({ GUESTS: "on", DRAIN_MS: "0" }, reject);
    service.process.kill("SIGUSR2");
    expect(await service.exited).to.equal(1);
    expect(service.output()).to.include("unhandled rejection").and.to.include("nobody awaits this");
  });

  it("ends with another code than 0 when something is thrown that nobody catches", async () => {
    const fail = `process.on("SIGUSR2", () => setTimeout(() => { throw new Error("nobody catches this"); }));`;
    await using service = await startService({ GUESTS: "on" }, fail);
    service.process.kill("SIGUSR2");
    expect(await service.exited).to.equal(1);
    expect(service.output()).to.include("nobody catches this");
  });

  it("warms up out of sight: whoever comes then finds nothing of it", async () => {
    await using service = await startService({
      JWT_SECRET: SECRET,
      ROOM_ACCESS: "open",
      HOST: "127.0.0.1",
      WARM_UP_MS: "300",
      LOG_LEVEL: "info",
      // What it took part in would be told by the debugging output of Socket.IO's server.
      DEBUG: "socket.io:socket",
    });
    const { url } = service;
    expect(service.output().match(/join room room:warm-up/g)).to.have.length.above(1);
    await using ann = new Client(url, "/chat", { transports: ["websocket"], auth: { token: await token("ann") } });
    await ann.connected();
    expect(await ann.request("room:join", { room: "warm-up" })).to.deep.include({ head: 0, memberCount: 1 });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).to.match(/carillon_sockets\{namespace="\/chat"\} 1\n/);
    expect(metrics).to.not.include("message:send");
  });

  it("serves without having warmed up where it cannot", async () => {
    const forbid = `import { Server } from "node:net";
      const { listen } = Server.prototype;
      Server.prototype.listen = function (where, ...rest) {
        if (where?.exclusive) throw new Error("no port is left");
        return listen.call(this, where, ...rest);
      };`;
    await using service = await startService({ GUESTS: "on", WARM_UP_MS: "300" }, forbid);
    // What is logged leaves by another way than what is printed, in no order with it.
    await eventually(() => service.output().includes("no port is left"));
    expect((await fetch(`${service.url}/readyz`)).status).to.equal(200);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`answers on ${signal} what is under way, sends everybody away, and is gone in time though a client reads nothing`, async () => {
      const { publicKey, privateKey } = await generateKeyPair("ES256");
      const jwk = { ...(await exportJWK(publicKey)), kid: "one", alg: "ES256" };
      let answer: (() => void) | undefined;
      const keys = createServer((_request, response) => {
        answer = () => void response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [jwk] }));
      });
      await using issuer = await listening(keys);
      await using service = await startService({
        JWT_SECRET: SECRET,
        JWKS_URL: issuer.url,
        JWT_ISSUER: ISSUER.iss,
        JWT_AUDIENCE: ISSUER.aud,
        ROOM_ACCESS: "open",
        HOST: "127.0.0.1",
        DRAIN_MS: "500",
      });
      const { url } = service;
      await using stalled = await new RawClient(url).open();
      await stalled.enter("/chat", await token("mallory"));
      stalled.stall();
      await using witness = await new RawClient(url).open();
      await witness.enter("/chat", await token("witness"));
      await using ann = new Client(url, "/chat", { transports: ["websocket"], auth: { token: await token("ann") } });
      await ann.connected();
      const later = await new SignJWT({ sub: "ann", ...ISSUER, exp: Math.floor(Date.now() / 1000) + 60 })
        .setProtectedHeader({ alg: "ES256", kid: "one" })
        .sign(privateKey);
      const slow = ann.ask("token:refresh", { token: later });
      await eventually(() => answer !== undefined);

      const toldAt = performance.now();
      service.process.kill(signal);
      await witness.packet((packet) => packet.includes("draining"));
      answer?.();
      expect((await slow).ok).to.equal(true);
      await ann.event("session:closing", ({ code, retryable }) => code === "draining" && retryable);
      expect(await service.exited).to.equal(0);
      expect(performance.now() - toldAt).to.be.lessThan(3_500);
      ann.socket.disconnect();
    });
  }

  it("is gone at once on a second signal", async () => {
    await using service = await startService({
      GUESTS: "off",
      JWT_SECRET: SECRET,
      HOST: "127.0.0.1",
      DRAIN_MS: "60000",
    });
    const { url } = service;
    const clients = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const raw = await new RawClient(url).open();
        await raw.enter("/chat", await token(`user-${n}`));
        return raw;
      }),
    );
    service.process.kill("SIGTERM");
    await eventually(() => clients.some((client) => client.heard.some((packet) => packet.includes("draining"))));
    service.process.kill("SIGINT");
    const secondAt = performance.now();
    expect(await service.exited).to.equal(1);
    expect(performance.now() - secondAt).to.be.lessThan(500);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
});
