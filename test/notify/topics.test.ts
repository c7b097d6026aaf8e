import { expect } from "chai";
import { startServer, type TestServer } from "../kit/server.ts";

const publish = (server: TestServer, topic: string, draft: object) =>
  server.call("POST", "/api/notifications", { topic, title: "News", ...draft });

describe("A topic", () => {
  it("brings its notifications to the devices of whoever is subscribed, from then on, and says where they come from", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/notify", "ann");
    await using laptop = await server.connect("/notify", "ann");
    await using bob = await server.connect("/notify", "bob");
    await publish(server, "news", { id: "too-early" });
    expect(await phone.request("topic:subscribe", { topic: "news" })).to.deep.equal({ topics: ["news"] });
    const { status, body } = await publish(server, "news", { id: "just-on-time" });
    expect({ status, body }).to.deep.equal({ status: 202, body: { ok: true, data: { accepted: 1 } } });
    for (const device of [phone, laptop]) {
      await device.event("notification:sent");
      expect(device.all("notification:sent").map(({ id, topic }) => [id, topic])).to.deep.equal([
        ["just-on-time", "news"],
      ]);
    }
    expect((await laptop.request("inbox:open")).entries[0]).to.include({ topic: "news" });
    await server.carillon.publish(["bob"], { id: "for-bob-only", title: "Hi" });
    await bob.event("notification:sent", ({ id }) => id === "for-bob-only");
    expect(bob.all("notification:sent")).to.have.length(1);
  });

  it("is subscribed to per user, over connections, until it is unsubscribed from", async () => {
    await using server = await startServer();
    {
      await using ann = await server.connect("/notify", "ann");
      await ann.request("topic:subscribe", { topic: "releases" });
      await ann.request("topic:subscribe", { topic: "news" });
      expect(await ann.request("topic:subscribe", { topic: "news" })).to.deep.equal({ topics: ["news", "releases"] });
    }
    await publish(server, "news", { id: "while-away" });
    await using again = await server.connect("/notify", "ann");
    await using bob = await server.connect("/notify", "bob");
    expect(await again.request("topic:list")).to.deep.equal({ topics: ["news", "releases"] });
    expect(await bob.request("topic:list")).to.deep.equal({ topics: [] });
    expect((await again.request("inbox:open")).entries.map(({ id }: { id: string }) => id)).to.deep.equal([
      "while-away",
    ]);

    expect(await again.request("topic:unsubscribe", { topic: "news" })).to.deep.equal({ topics: ["releases"] });
    expect(await again.request("topic:unsubscribe", { topic: "never-was" })).to.deep.equal({ topics: ["releases"] });
    expect((await publish(server, "news", { id: "too-late" })).body.data).to.deep.equal({ accepted: 0 });
    expect((await again.request("inbox:open")).head).to.equal(1);
  });

  it("named alerts is for monitors alone", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    await using ops = await server.connect("/notify", "ops", { roles: ["monitor"] });
    expect(await ann.refusal("topic:subscribe", { topic: "alerts" })).to.equal("forbidden");
    expect(await ann.request("topic:list")).to.deep.equal({ topics: [] });
    expect(await ann.request("topic:unsubscribe", { topic: "alerts" })).to.deep.equal({ topics: [] });
    expect(await ops.request("topic:subscribe", { topic: "alerts" })).to.deep.equal({ topics: ["alerts"] });
    expect((await publish(server, "alerts", {})).body.data).to.deep.equal({ accepted: 1 });
    expect(await ops.event("notification:sent")).to.include({ topic: "alerts" });
    const asAnn = await server.call("POST", "/api/requests/topic:subscribe", { as: "ann", input: { topic: "alerts" } });
    expect(asAnn.status).to.equal(403);
  });

  it("has a name like a room's, and nothing else is one", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    for (const topic of ["", "..", "a b", "a/b", "é", "x".repeat(65), 7, null])
      expect(await ann.refusal("topic:subscribe", { topic }), String(topic)).to.equal("bad_request");
    for (const topic of ["__proto__", "constructor", "x".repeat(64), "team.a_b-c"])
      expect((await ann.request("topic:subscribe", { topic })).topics, topic).to.include(topic);
    expect((await publish(server, "__proto__", {})).body.data).to.deep.equal({ accepted: 1 });
  });

  it("may be one of a thousand for a user: another one is too_large, and those that are there stay", async () => {
    await using server = await startServer();
    const ann = { id: "ann", name: "Ann", roles: [], rooms: [] };
    const subscribe = (topic: string) => server.carillon.request(ann, "topic:subscribe", { topic });
    for (let n = 0; n < 1_000; n++) await subscribe(`topic-${n}`);
    await using device = await server.connect("/notify", "ann");
    expect(await device.refusal("topic:subscribe", { topic: "one-more" })).to.equal("too_large");
    await device.request("topic:subscribe", { topic: "topic-7" });
    await device.request("topic:unsubscribe", { topic: "topic-7" });
    expect((await device.request("topic:subscribe", { topic: "one-more" })).topics).to.have.length(1_000);
  });

  it("published again under the same id reaches those who have come since, and nobody twice", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    await using bob = await server.connect("/notify", "bob");
    await ann.request("topic:subscribe", { topic: "news" });
    await publish(server, "news", { id: "the-same-one" });
    await bob.request("topic:subscribe", { topic: "news" });
    expect((await publish(server, "news", { id: "the-same-one" })).body.data).to.deep.equal({ accepted: 2 });
    await bob.event("notification:sent");
    expect((await ann.request("inbox:open")).head).to.equal(1);
    expect((await publish(server, "news", { id: "the-same-one", title: "Other news" })).status).to.equal(409);
    expect((await publish(server, "sports", { id: "the-same-one" })).body.data).to.deep.equal({ accepted: 0 });
  });
});
