import { expect } from "chai";
import type { Client } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { RawPoller } from "../kit/raw.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const askMany = (client: Client, count: number) =>
  Promise.all(Array.from({ length: count }, () => client.ask("room:mine")));

const codesOf = (acks: Awaited<ReturnType<typeof askMany>>) => acks.map((ack) => (ack.ok ? "ok" : ack.error.code));

describe("the rate of one socket's requests", () => {
  it("is RATE_BURST at once and RATE_PER_SEC from then on; above it stands rate_limited, and how long to wait", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock, rate: { perSec: 5, burst: 10 } });
    await using ann = await server.connect("/chat", "ann");
    const acks = await askMany(ann, 12);
    expect(codesOf(acks)).to.deep.equal([...Array(10).fill("ok"), "rate_limited", "rate_limited"]);
    expect(acks[10]).to.deep.nested.include({ "error.retryable": true, "error.retryAfterMs": 200 });
    await clock.advance(199);
    expect(await ann.refusal("room:mine")).to.equal("rate_limited");
    await clock.advance(1);
    expect(codesOf(await askMany(ann, 2))).to.deep.equal(["ok", "rate_limited"]);
    await clock.advance(1_000);
    expect(codesOf(await askMany(ann, 6))).to.deep.equal([...Array(5).fill("ok"), "rate_limited"]);
  });

  it("counts what is refused for other reasons, too", async () => {
    await using server = await startServer({ clock: fakeClock(), rate: { perSec: 1, burst: 2 } });
    await using ann = await server.connect("/chat", "ann");
    expect(await ann.refusal("no:such")).to.equal("unknown_request");
    expect(await ann.refusal("room:join", {})).to.equal("bad_request");
    expect(await ann.refusal("room:mine")).to.equal("rate_limited");
  });

  it("is that socket's alone: other namespaces of the same transport, and other clients, have their own", async () => {
    await using server = await startServer({ clock: fakeClock(), rate: { perSec: 1, burst: 3 } });
    await using ann = await server.connect("/chat", "ann");
    await using inbox = await ann.beside("/notify", await server.token("ann")).connected();
    await using bob = await server.connect("/chat", "bob");
    expect(codesOf(await askMany(ann, 5))).to.deep.equal(["ok", "ok", "ok", "rate_limited", "rate_limited"]);
    expect(await inbox.request("topic:list")).to.deep.equal({ topics: [] });
    expect(codesOf(await askMany(bob, 3))).to.deep.equal(["ok", "ok", "ok"]);
  });

  it("cuts the connection at RATE_BURST refusals within a second", async () => {
    await using server = await startServer({ clock: fakeClock(), rate: { perSec: 1, burst: 4 } });
    await using ann = await server.connect("/chat", "ann");
    for (let n = 0; n < 7; n++) ann.socket.emit("room:mine", {});
    expect(await ann.refusal("room:mine").catch(() => "cut")).to.equal("cut");
    const { code, retryable, retryAfterMs } = await ann.event("session:closing");
    expect({ code, retryable, retryAfterMs }).to.deep.equal({
      code: "rate_limited",
      retryable: true,
      retryAfterMs: 1000,
    });
    await eventually(() => ann.all("session:opened").length === 2);
  });

  it("does not cut it for fewer a second, however long that goes on", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock, rate: { perSec: 1, burst: 4 } });
    await using ann = await server.connect("/chat", "ann");
    await askMany(ann, 4);
    for (let second = 0; second < 5; second++) {
      expect(codesOf(await askMany(ann, 3))).to.deep.equal(["rate_limited", "rate_limited", "rate_limited"]);
      await clock.advance(1_000);
      expect(codesOf(await askMany(ann, 1))).to.deep.equal(["ok"]);
    }
    expect(ann.all("session:closing")).to.deep.equal([]);
  });

  it("makes short work of one POST with thousands of tiny events", async () => {
    await using server = await startServer({ clock: fakeClock(), rate: { perSec: 50, burst: 100 } });
    await using bob = await server.connect("/chat", "bob");
    const poller = await RawPoller.open(server.url);
    await poller.enter("/chat", await server.token("mallory"));
    expect(await poller.send(...Array<string>(4_500).fill('42/chat,["a"]'))).to.equal(200);
    const heard = await poller.poll();
    expect(heard.find((packet) => packet.includes("session:closing"))).to.include('"code":"rate_limited"');
    await poller.poll();
    expect(server.carillon.chat?.sockets.size).to.equal(1);
    await bob.request("room:mine");
    const { body } = await server.call("GET", "/metrics");
    expect(body).to.match(/requests_total\{request="unknown",code="unknown_request"\} 100$/m);
    expect(body).to.match(/requests_total\{request="unknown",code="rate_limited"\} 100$/m);
  });

  it("is not limited with RATE_PER_SEC=0", async () => {
    await using server = await startServer({ clock: fakeClock(), rate: { perSec: 0, burst: 10 } });
    await using ann = await server.connect("/chat", "ann");
    expect(new Set(codesOf(await askMany(ann, 900)))).to.deep.equal(new Set(["ok"]));
  });

  it("has no say in how many may wait: above a thousand, more are refused, and the connection stays", async () => {
    let release!: (allowed: boolean) => void;
    const held = new Promise<boolean>((resolve) => (release = resolve));
    await using server = await startServer({ authorize: () => held, rate: { perSec: 0, burst: 10 } });
    await using ann = await server.connect("/chat", "ann");
    const acks = Array.from({ length: 1_100 }, () => ann.ask("history:read", { room: "lobby" }));
    expect(codesOf([await (acks.at(-1) as (typeof acks)[0])])).to.deep.equal(["rate_limited"]);
    release(true);
    const codes = codesOf(await Promise.all(acks));
    expect(codes.filter((code) => code === "ok")).to.have.lengthOf(1_000);
    expect(codes.lastIndexOf("ok")).to.equal(999);
    expect(ann.all("session:closing")).to.deep.equal([]);
  });
});
