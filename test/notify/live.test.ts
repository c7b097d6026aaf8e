import { expect } from "chai";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

/** What `/metrics` says of receipts. */
async function receipts(server: TestServer): Promise<{ good: number; bad: number }> {
  const { body } = await server.call("GET", "/metrics");
  const count = (valid: boolean) =>
    Number(new RegExp(`^carillon_receipts_total\\{valid="${valid}"\\} (\\d+)$`, "m").exec(body)?.[1] ?? 0);
  return { good: count(true), bad: count(false) };
}

/** The callbacks that Socket.IO keeps for acks of a user's only socket. */
function awaitedAcks(server: TestServer): number {
  const [socket] = server.carillon.notify?.sockets.values() ?? [];
  return (socket as unknown as { acks: Map<number, unknown> }).acks.size;
}

describe("A new notification", () => {
  it("is heard as soon as one is connected, without asking for anything", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    const before = Date.now();
    await server.carillon.publish(["ann"], { id: "notice-1", title: "Hello" });
    const { epoch, at, ...rest } = await ann.event("notification:sent");
    expect(rest).to.deep.equal({ id: "notice-1", seq: 1, title: "Hello", level: "info", read: false });
    expect(epoch).to.be.a("string").that.is.not.equal("");
    expect(at).to.be.within(before, Date.now());
  });

  it("carries all that was published of it", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    const draft = {
      title: "Disk full",
      body: "Two lines\nof text €",
      level: "critical" as const,
      url: "/disks/7",
      data: { disk: 7, tags: ["a", null], ["__proto__"]: { polluted: true } },
    };
    await server.carillon.publish(["ann"], draft);
    const heard = await ann.event("notification:sent");
    expect(heard).to.deep.include(draft);
    expect(heard.id).to.match(/^[A-Za-z0-9_-]{8,64}$/);
    expect(heard).not.to.have.property("topic");
    expect(heard).not.to.have.property("expiresAt");
  });

  it("reaches every device of its user, in order, and nobody else", async () => {
    await using server = await startServer();
    await using phone = await server.connect("/notify", "ann");
    await using laptop = await server.connect("/notify", "ann", {}, { transports: ["polling"] });
    await using bob = await server.connect("/notify", "bob");
    for (let n = 1; n <= 20; n++) await server.carillon.publish(["ann"], { title: `${n}` });
    await server.carillon.publish(["bob"], { title: "For Bob" });
    for (const device of [phone, laptop]) {
      await device.event("notification:sent", ({ seq }) => seq === 20);
      expect(device.all("notification:sent").map(({ seq, title }) => [seq, title])).to.deep.equal(
        Array.from({ length: 20 }, (_, index) => [index + 1, `${index + 1}`]),
      );
    }
    await bob.event("notification:sent");
    expect(bob.all("notification:sent").map(({ title }) => title)).to.deep.equal(["For Bob"]);
  });

  it("may have __proto__ for an id", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    await server.carillon.publish(["ann"], { id: "__proto__", title: "Odd" });
    await ann.event("notification:sent", ({ id }) => id === "__proto__");
    expect(await ann.request("notification:read", { ids: ["__proto__"] })).to.deep.equal({ unread: 0 });
    expect((await ann.request("inbox:read")).entries[0]).to.include({ id: "__proto__", read: true });
  });

  it("waits in the inbox for those who are not there", async () => {
    await using server = await startServer();
    await server.carillon.publish(["ann"], { title: "While you were away" });
    await using ann = await server.connect("/notify", "ann");
    const { entries, unread } = await ann.request("inbox:open");
    expect(entries.map(({ title }: { title: string }) => title)).to.deep.equal(["While you were away"]);
    expect(unread).to.equal(1);
    expect(ann.all("notification:sent")).to.deep.equal([]);
  });
});

describe("A receipt", () => {
  it("is counted when it is { received: true }, and anything else is counted as a bad one and does no harm", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    const answers = [
      [{ received: true }],
      [{ received: false }],
      ["yes"],
      [],
      [null],
      [{ received: true }, "and more"],
    ];
    ann.socket.on("notification:sent", (_: unknown, answer: (...args: unknown[]) => void) =>
      answer(...(answers.shift() ?? [{ received: true }])),
    );
    for (let n = 0; n < 7; n++) await server.carillon.publish(["ann"], { title: "Did you get it?" });
    await eventually(async () => (await receipts(server)).good + (await receipts(server)).bad === 7);
    expect(await receipts(server)).to.deep.equal({ good: 2, bad: 5 });
    expect(await ann.request("topic:list")).to.deep.equal({ topics: [] });
  });

  it("is not asked for twice, and changes nothing of the inbox", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    ann.socket.on("notification:sent", (_: unknown, answer: (receipt: unknown) => void) => {
      answer({ received: true });
      answer({ received: true });
    });
    await server.carillon.publish(["ann"], { title: "Did you get it?" });
    await eventually(async () => (await receipts(server)).good === 1);
    expect((await ann.request("inbox:open")).unread).to.equal(1);
    expect(await receipts(server)).to.deep.equal({ good: 1, bad: 0 });
  });

  it("need not come: the server remembers the last thousand it waits for, and no timer", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    for (let n = 1; n <= 1_100; n++) await server.carillon.publish(["ann"], { title: "Never answered" });
    await ann.event("notification:sent", ({ seq }) => seq === 1_100);
    expect(awaitedAcks(server)).to.equal(1_000);
    expect(await receipts(server)).to.deep.equal({ good: 0, bad: 0 });
    // The newest is waited for.
    ann.socket.once("notification:sent", (_: unknown, answer: (receipt: unknown) => void) =>
      answer({ received: true }),
    );
    await server.carillon.publish(["ann"], { title: "Answered" });
    await eventually(async () => (await receipts(server)).good === 1);
  });
});
