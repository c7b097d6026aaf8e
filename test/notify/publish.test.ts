import { expect } from "chai";
import { CarillonError } from "../../src/protocol/errors.ts";
import type { NotificationDraft } from "../../src/namespaces/notify/publish.ts";
import { fakeClock } from "../kit/clock.ts";
import { type HttpReply, startServer, type TestServer } from "../kit/server.ts";

const post = (server: TestServer, body: unknown): Promise<HttpReply> => server.call("POST", "/api/notifications", body);

/** How many notifications a user has ever been sent, by the head of an inbox that nobody has read. */
async function sentTo(server: TestServer, user: string): Promise<number> {
  const { body } = await server.call("POST", "/api/requests/inbox:read", { as: user, input: {} });
  return (body.data.entries as unknown[]).length;
}

describe("POST /api/notifications", () => {
  it("puts a notification into one inbox, and answers 202 with its id and place", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    const { status, body } = await post(server, { to: "ann", title: "Hello" });
    expect(status).to.equal(202);
    const heard = await ann.event("notification:sent");
    expect(body).to.deep.equal({
      ok: true,
      data: { accepted: 1, results: [{ user: "ann", id: heard.id, seq: 1, duplicate: false }] },
    });
  });

  it("puts it into many, each user's once, however often one is named", async () => {
    await using server = await startServer();
    const { status, body } = await post(server, { to: ["ann", "bob", "ann", "bob"], id: "notice-1", title: "Hello" });
    expect(status).to.equal(202);
    expect(body.data).to.deep.equal({
      accepted: 2,
      results: [
        { user: "ann", id: "notice-1", seq: 1, duplicate: false },
        { user: "bob", id: "notice-1", seq: 1, duplicate: false },
      ],
    });
    for (const user of ["ann", "bob"]) expect(await sentTo(server, user)).to.equal(1);
  });

  it("needs an id for several recipients", async () => {
    await using server = await startServer();
    const { status, body } = await post(server, { to: ["ann", "bob"], title: "Hello" });
    expect(status).to.equal(400);
    expect(body.error.details.issues[0].path).to.equal("body.id");
    expect((await post(server, { to: ["ann"], title: "Hello" })).status).to.equal(202);
    expect(await sentTo(server, "ann")).to.equal(1);
  });

  it("takes 10,000 recipients at once, quickly, and not one more", async () => {
    await using server = await startServer();
    const to = Array.from({ length: 10_000 }, (_, n) => `user-${n}`);
    const startedAt = performance.now();
    const { status, body } = await post(server, { to, id: "to-everybody", title: "Hello", body: "x".repeat(4000) });
    expect(performance.now() - startedAt).to.be.below(2_000);
    expect(status).to.equal(202);
    expect(body.data.accepted).to.equal(10_000);
    expect(body.data.results.at(-1)).to.deep.equal({ user: "user-9999", id: "to-everybody", seq: 1, duplicate: false });
    const more = await post(server, { to: [...to, "ann"], id: "to-one-more", title: "Hello" });
    expect(more.status).to.equal(400);
    expect(more.body.error.code).to.equal("bad_request");
    expect(await sentTo(server, "ann")).to.equal(0);
  });

  it("refuses whom it cannot be for", async () => {
    await using server = await startServer();
    const bodies = [
      { title: "Nobody" },
      { title: "Nobody", to: [] },
      { title: "Both", to: "ann", topic: "news" },
      { title: "No user", to: "with space" },
      { title: "No user", to: ["ann", ""], id: "notice-1" },
      { title: "No topic", topic: ".." },
    ];
    for (const body of bodies) {
      const reply = await post(server, body);
      expect([reply.status, reply.body.error.code], JSON.stringify(body)).to.deep.equal([400, "bad_request"]);
    }
    expect(await sentTo(server, "ann")).to.equal(0);
  });

  it("checks what is published", async () => {
    await using server = await startServer();
    const deep = (depth: number): object => (depth === 0 ? {} : { in: deep(depth - 1) });
    const bad = {
      id: ["short", "x".repeat(65), "with space!", 12345678],
      title: ["", "  \n", "x".repeat(201), "😀".repeat(101), 7, null],
      body: ["", " ", "x".repeat(4001), "😀".repeat(2001), {}],
      level: ["debug", "", null],
      url: ["", "x".repeat(2001), "javascript:alert(1)", " JAVA\tscript:alert(1)", "data:text/html,hi", "https://", 7],
      data: [[], "text", deep(8), { blob: "x".repeat(8 * 1024) }],
    };
    for (const [field, values] of Object.entries(bad)) {
      for (const value of values) {
        const { status, body } = await post(server, { to: "ann", title: "Hello", [field]: value });
        expect([status, body.ok], `${field}: ${JSON.stringify(value).slice(0, 80)}`).to.deep.equal([400, false]);
      }
    }
    expect(await sentTo(server, "ann")).to.equal(0);
  });

  it("takes everything that is within its bounds", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    const deep = (depth: number): object => (depth === 0 ? { at: "the bottom" } : { in: deep(depth - 1) });
    const good = {
      title: ["x".repeat(200), "😀".repeat(100), "é €"],
      body: ["x".repeat(4000)],
      level: ["info", "success", "warning", "critical"],
      url: ["/orders/7", "orders?id=7#top", "https://example.org/x", "mailto:ann@example.org", "my-app://order/7"],
      data: [{}, deep(7), { blob: "x".repeat(8 * 1024 - 11) }],
    };
    for (const [field, values] of Object.entries(good)) {
      for (const [index, value] of values.entries()) {
        const id = `${field}-number-${index}`;
        const { status } = await post(server, { to: "ann", id, title: "Hello", [field]: value, unknown: "dropped" });
        expect(status, `${field}: ${JSON.stringify(value).slice(0, 80)}`).to.equal(202);
        const heard = await ann.event("notification:sent", (notification) => notification.id === id);
        expect(heard[field]).to.deep.equal(value);
        expect(heard).not.to.have.property("unknown");
      }
    }
  });

  it("makes half characters whole ones", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    await post(server, `{"to":"ann","title":"half \\ud83d","body":"\\udc00 half"}`);
    expect(await ann.event("notification:sent")).to.include({ title: "half \ufffd", body: "\ufffd half" });
  });
});

describe("The same id", () => {
  it("with the same content changes nothing and says so, however the fields are ordered", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/notify", "ann");
    const first = await post(server, { to: "ann", id: "notice-1", title: "Hello", data: { a: 1, b: [2] }, ttlSec: 60 });
    await clock.advance(5_000);
    const second = await post(server, {
      ttlSec: 60,
      data: { b: [2], a: 1 },
      level: "info",
      title: "Hello",
      id: "notice-1",
      to: "ann",
    });
    expect(second.status).to.equal(202);
    expect(first.body.data.results).to.deep.equal([{ user: "ann", id: "notice-1", seq: 1, duplicate: false }]);
    expect(second.body.data.results).to.deep.equal([{ user: "ann", id: "notice-1", seq: 1, duplicate: true }]);
    const { entries, head } = await ann.request("inbox:open");
    expect(head).to.equal(1);
    expect(entries[0].expiresAt).to.equal(clock.now() - 5_000 + 60_000);
    expect(ann.all("notification:sent")).to.have.length(1);
  });

  it("completes what was begun: those who have it keep it, the others get it", async () => {
    await using server = await startServer();
    const draft = { id: "notice-1", title: "Hello" };
    await post(server, { ...draft, to: ["ann", "bob"] });
    const { body } = await post(server, { ...draft, to: ["ann", "bob", "cyd"] });
    expect(
      body.data.results.map(({ user, duplicate }: { user: string; duplicate: boolean }) => [user, duplicate]),
    ).to.deep.equal([
      ["ann", true],
      ["bob", true],
      ["cyd", false],
    ]);
    for (const user of ["ann", "bob", "cyd"]) expect(await sentTo(server, user)).to.equal(1);
  });

  it("with other content is a conflict, and then nobody gets it, however far down the list", async () => {
    await using server = await startServer();
    const contents = [
      { title: "Other" },
      { body: "More" },
      { level: "warning" },
      { url: "/x" },
      { data: { a: 2 } },
      { ttlSec: 61 },
    ];
    const same = { id: "notice-1", title: "Hello", data: { a: 1 }, ttlSec: 60 };
    await post(server, { ...same, to: "zoe" });
    const others = Array.from({ length: 500 }, (_, n) => `user-${n}`);
    for (const content of contents) {
      const { status, body } = await post(server, { ...same, ...content, to: [...others, "zoe"] });
      expect([status, body.error.code], JSON.stringify(content)).to.deep.equal([409, "conflict"]);
      expect(body.error.details).to.deep.equal({ user: "zoe", id: "notice-1" });
    }
    for (const user of ["user-0", "user-499"]) expect(await sentTo(server, user)).to.equal(0);
    expect((await post(server, { ...same, to: "zoe" })).body.data.results[0].duplicate).to.equal(true);
  });

  it("published twice at once is one notification, and one of the two a duplicate", async () => {
    await using server = await startServer();
    const publish = () => server.carillon.publish(["ann", "bob"], { id: "notice-1", title: "Hello" });
    const rounds = (await Promise.all([publish(), publish(), publish()])).flat();
    for (const user of ["ann", "bob"]) {
      expect(rounds.filter((result) => result.user === user && !result.duplicate)).to.have.length(1);
      expect(await sentTo(server, user)).to.equal(1);
    }
  });

  it("published at once with two contents is one of them for each, and a conflict for whoever came second", async () => {
    await using server = await startServer();
    const publish = (title: string) => server.carillon.publish(["ann"], { id: "notice-1", title });
    const outcomes = await Promise.allSettled([publish("One"), publish("Two")]);
    expect(outcomes.map(({ status }) => status)).to.have.members(["fulfilled", "rejected"]);
    const [refused] = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    expect(refused).to.include({ code: "conflict" });
    expect(await sentTo(server, "ann")).to.equal(1);
  });

  it("means nothing in another user's inbox, nor beside a message's or a reading's", async () => {
    await using server = await startServer();
    await post(server, { to: "ann", id: "notice-1", title: "For Ann" });
    expect((await post(server, { to: "bob", id: "notice-1", title: "For Bob" })).status).to.equal(202);
    const message = await server.call("POST", "/api/rooms/lobby/messages", { id: "notice-1", text: "Hi" });
    expect(message.body.data.duplicate).to.equal(false);
  });
});

describe("An embedder's publish", () => {
  it("takes the same as the HTTP API, with the same defaults, and refuses the same", async () => {
    await using server = await startServer();
    const { carillon } = server;
    expect(await carillon.publish(["ann"], { id: "notice-1", title: "Hello" })).to.deep.equal([
      { user: "ann", id: "notice-1", seq: 1, duplicate: false },
    ]);
    expect((await post(server, { to: "ann", id: "notice-1", title: "Hello" })).body.data.results[0].duplicate).to.equal(
      true,
    );
    expect(await carillon.publish([], { title: "Nobody" })).to.deep.equal([]);
    for (const [users, draft] of [
      [["ann"], { title: "" }],
      [["ann"], { title: "Hi", level: "debug" }],
      [["ann"], { title: "Hi", data: { at: 1n } }],
      [["ann", "with space"], { id: "notice-2", title: "Hi" }],
    ] as [string[], NotificationDraft][]) {
      const thrown: unknown = await carillon.publish(users, draft).catch((error: unknown) => error);
      expect(thrown).to.be.instanceOf(CarillonError).and.to.include({ code: "bad_request" });
    }
    expect(await sentTo(server, "ann")).to.equal(1);
  });

  it("is not held to what is changed in the object afterwards", async () => {
    await using server = await startServer();
    const data = { list: [1] };
    await server.carillon.publish(["ann"], { id: "notice-1", title: "Hello", data });
    data.list.push(2);
    await using ann = await server.connect("/notify", "ann");
    expect((await ann.request("inbox:open")).entries[0].data).to.deep.equal({ list: [1] });
  });
});
