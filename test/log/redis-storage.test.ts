import { expect } from "chai";
import type { Entry } from "../../src/log/index.ts";
import type { RedisLogOptions } from "../../src/log/redis.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";
import { seqsOf, upTo } from "./suite/scene.ts";
import { channelOf, newPrefix, stored, work } from "./worker.ts";

const treacherous = JSON.parse(
  '{"lone":"\\ud800x","empty":[],"digits":0.12345678901234568,"nul":"\\u0000","text":"Ä€😀\\t\\n"}',
) as Record<string, unknown>;

const draft = (id: string) => ({ id, by: "ann", kind: "sent", body: {} });

describe("what a log in Redis stores", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis()));
  after(() => server[Symbol.asyncDispose]());

  const alone = (over?: Partial<RedisLogOptions>) => work(server.url, newPrefix(), over);

  it("are the bytes that the worker sent, in the store and on the channel alike", async () => {
    using worker = await alone();
    const payloads: Buffer[] = [];
    await worker.send("first");
    const channel = await channelOf(server, worker);
    const stop = await worker.link.subscribe(channel, (each) => payloads.push(each));
    const json = `{"body":${JSON.stringify(treacherous)},"content":${JSON.stringify(treacherous)}}`;
    const { entry } = await worker.log.append("topic", { ...draft("id"), body: treacherous, content: treacherous });
    await eventually(() => payloads.length === 1);
    stop();
    const record = (await stored(server, worker, "entries")).fields["2"] ?? "";
    expect(record.slice(record.indexOf("\n") + 1)).to.equal(json);
    const run = /run_id:(\w+)/.exec(await server.admin.info("server"))?.[1];
    expect(payloads[0]?.toString()).to.equal(`1\t${entry.epoch}\t2\t${run}\n${record}`);
    expect(JSON.stringify((await worker.log.find("topic", "ann", "id"))?.content)).to.equal(
      JSON.stringify(treacherous),
    );
  });

  it("holds nothing of what was erased, and the rest of it byte for byte", async () => {
    using worker = await alone();
    const content = { text: "secret € 😀" };
    await worker.log.append("topic", { id: "id", by: "ann", kind: "sent", body: treacherous, content });
    const about = { by: "ann", kind: "edited", body: {}, content: { text: "secret too" } };
    await worker.log.append("topic", { ...about, id: "edit", amends: { target: 1, how: "revise" } });
    await worker.log.append("topic", { ...about, id: "gone", content: {}, amends: { target: 1, how: "erase" } });
    const { fields } = await stored(server, worker, "entries");
    expect(JSON.stringify(fields)).not.to.contain("secret");
    expect(fields["1"]?.split("\n")[1]).to.equal(`{"body":${JSON.stringify(treacherous)}}`);
    expect(JSON.stringify((await worker.log.find("topic", "ann", "id"))?.body)).to.equal(JSON.stringify(treacherous));
  });

  it("keeps values beside the entries, in the step that writes one and only if it does", async () => {
    using worker = await alone({ size: 3 });
    const { log } = worker;
    expect((await log.kept("topic")).values).to.deep.equal(new Map());
    await log.append("topic", draft("1"), {}, { one: "1", two: "zwei €", empty: "", __proto__x: "p" });
    await log.append("topic", draft("1"), {}, { one: "not for a duplicate" });
    await refusalOf(log.append("topic", draft("2"), { epoch: "another" }, { one: "not for a refusal" }));
    const { values, head } = await log.kept("topic");
    expect(Object.fromEntries(values)).to.deep.equal({ one: "1", two: "zwei €", empty: "", __proto__x: "p" });
    expect(head).to.deep.equal(await log.head("topic"));
    await log.append("topic", draft("2"), {}, { two: null, one: "changed" });
    for (const id of ["a", "b", "c", "d"]) await log.append("topic", draft(id));
    const after = await log.kept("topic");
    expect(Object.fromEntries(after.values)).to.deep.equal({ one: "changed", empty: "", __proto__x: "p" });
    expect(after.head.head).to.equal(6);
  });

  it("remembers of so many runs of Redis where the log stood as is needed, and the oldest as carefully as before", async () => {
    using worker = await alone();
    const breaksOf = async () => (await stored(server, worker, "meta")).fields["breaks"]?.split(" ") ?? [];
    await worker.send();
    expect(await breaksOf()).to.have.length(1);
    const { key } = await stored(server, worker, "meta");
    for (let runs = 30; runs > 0; runs--) {
      await server.admin.hset(key, "run", "another");
      await worker.send();
    }
    const breaks = await breaksOf();
    expect(breaks).to.have.length(16);
    // The first, at the beginning, has been put together with those that followed.
    expect(breaks.map((each) => Number(each.split(":")[1]))).to.deep.equal([0, ...upTo(30, 16)]);
  });

  it("is not misread by a release that does not understand it", async () => {
    using worker = await alone();
    await worker.sendMany(3);
    const { key, fields } = await stored(server, worker, "entries");
    await server.admin.hset(key, "2", `2${fields["2"]?.slice(1)}`);
    const asked = [
      () => worker.log.read("topic", { after: 0, limit: 10 }),
      () => worker.log.messages("topic", { limit: 10 }),
      () => worker.log.count("topic", { after: 0, except: "bob" }),
    ];
    for (const ask of asked) expect(await ask().catch((error: Error) => error)).to.be.instanceOf(Error);
    expect(seqsOf((await worker.log.read("topic", { after: 2, limit: 10 })).entries)).to.deep.equal([3]);
  });

  it("may have more in a header than this release knows", async () => {
    using worker = await alone();
    await worker.send("id");
    const { key, fields } = await stored(server, worker, "entries");
    await server.admin.hset(key, "1", fields["1"]?.replace("\n", "\tmore\tand more\n") ?? "");
    const [entry] = (await worker.log.read("topic", { after: 0, limit: 1 })).entries;
    expect(entry).to.deep.include({ id: "id", content: { text: "id" } });
    const erasure = {
      id: "gone",
      by: "ann",
      kind: "deleted",
      body: {},
      amends: { target: 1, how: "erase" },
    } as const;
    await worker.log.append("topic", erasure);
    expect((await stored(server, worker, "entries")).fields["1"]).to.match(/\tmore\tand more\n\{"body":\{\}\}$/);
  });
  it("takes garbage on its channel for a reason to look, and for nothing else", async () => {
    using worker = await alone();
    const hearer = await worker.watch();
    await worker.send("first");
    const channel = await channelOf(server, worker);
    const { epoch } = (await worker.log.head("topic")) as { epoch: string };
    const garbage = ["", "\n", "null", "1", "1\t\t\n", `2\t${epoch}\t2\n1m1\ta\tb\tc\t\t\t\n{}`, `1\t${epoch}\t2\n`];
    garbage.push(
      `1\t${epoch}\t-1\n1m1\ta\tb\tc\t\t\t\n{"body":{}}`,
      `1\t${epoch}\t2\n1m1\ta\tb\tc\t\t\t\nnull`,
      "\u0000".repeat(1e5),
    );
    for (const payload of garbage) await server.admin.spublish(channel, payload);
    await server.admin.spublish(channel, Buffer.from([0xff, 0xfe, 0x00]));
    await worker.send("second");
    await eventually(() => hearer.entries.length === 2 && worker.garbage === garbage.length + 1);
    expect(hearer.entries.map(({ id }: Entry) => id)).to.deep.equal(["first", "second"]);
    expect([hearer.resets, hearer.failures]).to.deep.equal([[], []]);
  });

  it("writes nothing while Redis has no memory left, and is read all the same", async () => {
    using worker = await alone();
    const hearer = await worker.watch();
    const written = await worker.sendMany(5);
    await server.admin.config("SET", "maxmemory", "1");
    try {
      expect(await refusalOf(worker.send("refused"))).to.include({ code: "unavailable" });
      expect((await worker.log.read("topic", { after: 0, limit: 10 })).entries).to.deep.equal(written);
      expect((await worker.log.messages("topic", { limit: 10 })).entries).to.deep.equal(written);
      expect((await worker.log.head("topic")).head).to.equal(5);
      await worker.check();
    } finally {
      await server.admin.config("SET", "maxmemory", "0");
    }
    expect((await worker.send("refused")).entry.seq).to.equal(6);
    await eventually(() => hearer.entries.length === 6);
    expect(hearer.failures).to.deep.equal([]);
  });

  it("holds at most its size after a release with a larger one, and says so", async () => {
    using large = await alone({ size: 1000 });
    await large.sendMany(700);
    using small = await work(server.url, large.prefix, { size: 10 });
    await small.send("next");
    const { first, head, entries } = await small.log.read("topic", { after: 0, limit: Infinity });
    expect({ first, head, count: entries.length }).to.deep.equal({ first: 692, head: 701, count: 10 });
  });
});
