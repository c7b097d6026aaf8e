import { expect } from "chai";
import { fakeClock } from "../kit/clock.ts";
import { keepLogs } from "../kit/logs.ts";
import { RawClient, RawPoller } from "../kit/raw.ts";
import { startServer, type TestServer } from "../kit/server.ts";

type Headers = Record<string, string>;

async function overWebsocket({ url }: TestServer, headers: Headers): Promise<boolean> {
  await using raw = new RawClient(url, headers);
  return await raw.open().then(
    () => true,
    () => false,
  );
}

const overPolling = ({ url }: TestServer, headers: Headers): Promise<boolean> =>
  RawPoller.open(url, headers).then(
    () => true,
    () => false,
  );

const WAYS = [
  ["websocket", overWebsocket],
  ["polling", overPolling],
] as const;

describe("the origin of a page", () => {
  for (const [way, comesIn] of WAYS) {
    it(`may be the service's own or a listed one over ${way}, and no other; no browser at all passes`, async () => {
      await using server = await startServer({ allowedOrigins: ["https://app.example", "app://desktop"] });
      const own = server.url;
      const port = new URL(own).port;
      const cases: [origin: string, isAllowed: boolean][] = [
        [own, true],
        ["https://app.example", true],
        ["app://desktop", true],
        ["https://evil.example", false],
        ["https://app.example.evil.example", false],
        ["https://app.example:8443", false],
        ["http://app.example", false],
        [`http://127.0.0.1.evil.example:${port}`, false],
        ["http://127.0.0.1", false],
        [`${own}, https://evil.example`, false],
        ["null", false],
        ["", false],
        ["file://", false],
        ["not a url", false],
      ];
      for (const [origin, isAllowed] of cases) expect(await comesIn(server, { origin }), origin).to.equal(isAllowed);
      expect(await comesIn(server, {})).to.equal(true);
    });
  }

  it("is answered with CORS headers where it is listed", async () => {
    await using server = await startServer({ allowedOrigins: ["https://app.example"] });
    const response = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, {
      headers: { origin: "https://app.example" },
    });
    expect(response.headers.get("access-control-allow-origin")).to.equal("https://app.example");
    const evil = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, {
      headers: { origin: "https://evil.example" },
    });
    expect(evil.status).to.equal(403);
    expect(await evil.json()).to.deep.equal({ code: 4, message: "origin not allowed" });
  });
});

describe("the rate of an address's handshakes", () => {
  for (const [way, comesIn] of WAYS) {
    it(`is CONNECTS_BURST at once and CONNECTS_PER_SEC from then on, over ${way}`, async () => {
      const clock = fakeClock();
      await using server = await startServer({ clock, connects: { perSec: 2, burst: 3 } });
      for (const expected of [true, true, true, false, false]) expect(await comesIn(server, {})).to.equal(expected);
      await clock.advance(500);
      for (const expected of [true, false]) expect(await comesIn(server, {})).to.equal(expected);
    });
  }

  it("costs a client that is in nothing: it polls and sends on", async () => {
    await using server = await startServer({ clock: fakeClock(), connects: { perSec: 1, burst: 1 } });
    await using ann = await server.connect("/chat", "ann", {}, { transports: ["polling"] });
    for (let n = 0; n < 5; n++) await ann.request("room:mine");
    expect(await overPolling(server, {})).to.equal(false);
  });

  it("brings a stock client in by itself when it is over", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock, connects: { perSec: 1, burst: 1 } });
    expect(await overPolling(server, {})).to.equal(true);
    await using ann = server.client("/chat", await server.token("ann"));
    await new Promise((resolve) => ann.socket.io.once("reconnect_attempt", resolve));
    await clock.advance(1_000);
    await ann.event("session:opened");
  });

  it("goes by X-Forwarded-For as far as the proxies are trusted", async () => {
    const { logger, lines } = keepLogs();
    const limits = { clock: fakeClock(), connects: { perSec: 1, burst: 1 }, logger };
    await using hop = await startServer({ ...limits, trustProxy: 1 });
    await using list = await startServer({ ...limits, trustProxy: ["127.0.0.1"] });
    for (const server of [hop, list]) {
      const from = (address: string) => overPolling(server, { "x-forwarded-for": address });
      expect(await from("192.0.2.1")).to.equal(true);
      expect(await from("192.0.2.1")).to.equal(false);
      expect(await from("192.0.2.2")).to.equal(true);
      expect(await from("192.0.2.3, 192.0.2.2"), "what the client itself has said of its way").to.equal(false);
    }
    expect(lines).to.deep.equal([]);
  });

  it("is off behind a proxy that nobody has spoken of, which is warned of once", async () => {
    const { logger, lines } = keepLogs();
    await using server = await startServer({ clock: fakeClock(), connects: { perSec: 1, burst: 1 }, logger });
    const headers = { "x-forwarded-for": "192.0.2.1" };
    for (let n = 0; n < 3; n++) expect(await overPolling(server, headers)).to.equal(true);
    expect(lines.filter(({ level }) => level === "warn").map(({ message }) => message)).to.deep.equal([
      "X-Forwarded-For without TRUST_PROXY: handshakes are not limited by address",
    ]);
  });

  it("is not limited with CONNECTS_PER_SEC=0", async () => {
    await using server = await startServer({ clock: fakeClock(), connects: { perSec: 0, burst: 1 } });
    for (let n = 0; n < 20; n++) expect(await overPolling(server, {})).to.equal(true);
  });
});
