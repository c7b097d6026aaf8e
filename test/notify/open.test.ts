import { expect } from "chai";
import type { Client, Wire } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { startServer, type TestServer } from "../kit/server.ts";

const seqs = (entries: Wire[]) => entries.map(({ seq }) => seq);
const idOf = (n: number) => `notice-${String(n).padStart(4, "0")}`;
const upTo = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

async function publish(server: TestServer, count: number, body?: string): Promise<void> {
  const from = Number(((await server.carillon.request(ANN, "inbox:read", { limit: 1 })) as Wire).entries[0]?.seq ?? 0);
  for (const n of upTo(from + 1, from + count))
    await server.carillon.publish(["ann"], { id: idOf(n), title: `${n}`, ...(body && { body }) });
}

const ANN = { id: "ann", name: "Ann", roles: [], rooms: [] };
const asAnn = (server: TestServer, name: string, input: unknown) => server.carillon.request(ANN, name, input) as Wire;

/** Opens, and tells how much had been heard when the ack came. */
function open(ann: Client, input: object = {}): Promise<{ data: Wire; heardBefore: number }> {
  return new Promise((resolve, reject) =>
    ann.socket.emit("inbox:open", input, (ack: Wire) =>
      ack.ok ? resolve({ data: ack.data, heardBefore: ann.heard.length }) : reject(new Error(ack.error.code)),
    ),
  );
}

describe("inbox:open without since", () => {
  it("gives the newest, oldest first, as many as asked for and 50 unless told", async () => {
    await using server = await startServer();
    await publish(server, 60);
    await using ann = await server.connect("/notify", "ann");
    const { epoch, ...opened } = await ann.request("inbox:open");
    expect(opened).to.deep.include({ head: 60, recovered: null, changes: [], unread: 60 });
    expect(seqs(opened.entries)).to.deep.equal(upTo(11, 60));
    expect(new Set(opened.entries.map((entry: Wire) => entry.epoch))).to.deep.equal(new Set([epoch]));
    expect(seqs((await ann.request("inbox:open", { limit: 2 })).entries)).to.deep.equal([59, 60]);
    for (const limit of [0, 101, 1.5, "2"]) expect(await ann.refusal("inbox:open", { limit })).to.equal("bad_request");
  });

  it("of an empty inbox gives its epoch, and the first notification follows as an event", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    const { epoch, ...opened } = await ann.request("inbox:open");
    expect(opened).to.deep.equal({ head: 0, recovered: null, entries: [], changes: [], unread: 0 });
    await publish(server, 1);
    expect(await ann.event("notification:sent")).to.include({ epoch, seq: 1 });
  });

  it("shows what was read as read, and leaves out what was archived", async () => {
    await using server = await startServer();
    await publish(server, 3);
    await asAnn(server, "notification:read", { ids: [idOf(1)] });
    await asAnn(server, "notification:archive", { ids: [idOf(2)] });
    await using ann = await server.connect("/notify", "ann");
    const { entries, head, unread } = await ann.request("inbox:open");
    expect(entries.map(({ id, read }: Wire) => [id, read])).to.deep.equal([
      [idOf(1), true],
      [idOf(3), false],
    ]);
    expect({ head, unread }).to.deep.equal({ head: 5, unread: 1 });
  });

  it("needs a socket", async () => {
    await using server = await startServer();
    const body = { as: "ann", input: {} };
    expect((await server.call("POST", "/api/requests/inbox:open", body)).body.error.code).to.equal("bad_request");
  });
});

describe("inbox:open with since", () => {
  it("gives what came after it, changes too, and nothing that was there before", async () => {
    await using server = await startServer();
    await publish(server, 3);
    await using ann = await server.connect("/notify", "ann");
    const { epoch, head, entries } = await ann.request("inbox:open");
    ann.socket.disconnect();

    await publish(server, 2);
    await asAnn(server, "notification:read", { ids: [idOf(1), idOf(4)] });
    await asAnn(server, "notification:read", { upTo: 2 });
    await asAnn(server, "notification:archive", { ids: [idOf(5), idOf(2)] });
    await using again = await server.connect("/notify", "ann");
    const since = { epoch, seq: head, id: entries.at(-1).id };
    const opened = await again.request("inbox:open", { since });
    expect(opened).to.deep.include({ epoch, head: 8, recovered: true, unread: 1 });
    expect(opened.entries.map(({ id, read }: Wire) => [id, read])).to.deep.equal([[idOf(4), true]]);
    expect(opened.changes).to.deep.equal([
      { epoch, seq: 6, ids: [idOf(1), idOf(4)], read: true, unread: 1 },
      { epoch, seq: 7, upTo: 2, read: true, unread: 1 },
      { epoch, seq: 8, ids: [idOf(5), idOf(2)], archived: true, unread: 1 },
    ]);
  });

  it("equal to the head is recovered, with nothing", async () => {
    await using server = await startServer();
    await publish(server, 3);
    await using ann = await server.connect("/notify", "ann");
    const { epoch, head } = await ann.request("inbox:open");
    const opened = await ann.request("inbox:open", { since: { epoch, seq: head, id: idOf(3) } });
    expect(opened).to.deep.equal({ epoch, head: 3, recovered: true, entries: [], changes: [], unread: 3 });
  });

  it("gives the oldest `limit` of what was missed, and the rest as ordinary events before anything new", async () => {
    await using server = await startServer();
    await publish(server, 30);
    await asAnn(server, "notification:read", { ids: [idOf(2), idOf(28)] });
    await asAnn(server, "notification:archive", { ids: [idOf(3), idOf(27)] });
    await using ann = await server.connect("/notify", "ann");
    const { epoch } = await asAnn(server, "inbox:read", {});
    const { data, heardBefore } = await open(ann, { since: { epoch, seq: 0 }, limit: 10 });
    await publish(server, 1);
    await ann.event("notification:sent", ({ title }) => title === "31" || title === "33");

    expect(data).to.deep.include({ head: 32, recovered: true, changes: [], unread: 26 });
    expect(data.entries.map(({ seq, read }: Wire) => [seq, read])).to.deep.equal(
      [1, 2, 4, 5, 6, 7, 8, 9, 10].map((seq) => [seq, seq === 2]),
    );
    const after = ann.heard.slice(heardBefore).map(({ payload }) => payload);
    expect(after.map(({ seq }) => seq)).to.deep.equal([...upTo(11, 26), 28, 29, 30, 31, 32, 33]);
    expect(after.find(({ seq }) => seq === 28)).to.include({ read: true });
    expect(after.find(({ seq }) => seq === 31)).to.deep.include({ ids: [idOf(2), idOf(28)], unread: 28 });
    expect(after.find(({ seq }) => seq === 32)).to.deep.include({ ids: [idOf(3), idOf(27)], unread: 26 });
  });

  for (const [what, change] of [
    ["another epoch", (since: Wire) => ({ ...since, epoch: "another" })],
    ["a seq beyond the head", (since: Wire) => ({ ...since, seq: since.seq + 1 })],
    ["another id at that seq", (since: Wire) => ({ ...since, id: idOf(1) })],
  ] as const) {
    it(`is refused for ${what}: the newest are given, never a part that looks whole`, async () => {
      await using server = await startServer();
      await publish(server, 5);
      await using ann = await server.connect("/notify", "ann");
      const { epoch } = await ann.request("inbox:open");
      const opened = await ann.request("inbox:open", { since: change({ epoch, seq: 5 }), limit: 2 });
      expect(opened).to.deep.include({ epoch, head: 5, recovered: false, changes: [], unread: 5 });
      expect(seqs(opened.entries)).to.deep.equal([4, 5]);
    });
  }

  it("is refused when something after it is gone from the inbox, and not a moment earlier", async () => {
    await using server = await startServer({ inboxSize: 10 });
    await publish(server, 15);
    await using ann = await server.connect("/notify", "ann");
    const { epoch } = await ann.request("inbox:open");
    expect(await ann.request("inbox:open", { since: { epoch, seq: 4 } })).to.include({ recovered: false });
    const whole = await ann.request("inbox:open", { since: { epoch, seq: 5 } });
    expect(whole).to.include({ recovered: true });
    expect(seqs(whole.entries)).to.deep.equal(upTo(6, 15));
  });

  it("leaves holes where something has expired meanwhile, which are no loss", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await publish(server, 1);
    await server.carillon.publish(["ann"], { id: "for-a-minute", title: "Soon gone", ttlSec: 60 });
    await publish(server, 1);
    await clock.advance(60_000);
    await using ann = await server.connect("/notify", "ann");
    const { epoch } = await ann.request("inbox:open");
    const opened = await ann.request("inbox:open", { since: { epoch, seq: 0 } });
    expect(opened).to.include({ recovered: true, unread: 2, head: 3 });
    expect(seqs(opened.entries)).to.deep.equal([1, 3]);
    const { data, heardBefore } = await open(ann, { since: { epoch, seq: 0 }, limit: 1 });
    expect(seqs(data.entries)).to.deep.equal([1]);
    await ann.event("notification:sent", ({ seq }) => seq === 3);
    expect(ann.heard.slice(heardBefore).map(({ payload }) => payload.seq)).to.deep.equal([3]);
  });

  it("asks for a whole position", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    for (const since of [1, {}, { seq: 1 }, { epoch: "e" }, { epoch: "e", seq: -1 }, { epoch: "", seq: 1 }])
      expect(await ann.refusal("inbox:open", { since }), JSON.stringify(since)).to.equal("bad_request");
  });
});

describe("The ack of inbox:open", () => {
  // Three bytes a letter.
  const LONG = "€".repeat(4000);

  it("carries at most about 256 KiB: the newest that fit", async () => {
    await using server = await startServer();
    await publish(server, 60, LONG);
    await using ann = await server.connect("/notify", "ann");
    const { entries } = await ann.request("inbox:open", { limit: 100 });
    expect(Buffer.byteLength(JSON.stringify(entries))).to.be.within(200 * 1024, 260 * 1024);
    expect(seqs(entries)).to.deep.equal(upTo(61 - entries.length, 60));
  });

  it("with since: the oldest that fit, and all of the rest as events, at the pace at which the client takes them", async () => {
    // 7 MB: much more than may ever wait for a connection.
    await using server = await startServer({ maxBufferBytes: 512 * 1024 });
    await publish(server, 600, LONG);
    await using ann = await server.connect("/notify", "ann");
    const { epoch } = await ann.request("inbox:open", { limit: 1 });
    const { data, heardBefore } = await open(ann, { since: { epoch, seq: 0 }, limit: 100 });
    expect(data.recovered).to.equal(true);
    expect(Buffer.byteLength(JSON.stringify(data))).to.be.within(200 * 1024, 260 * 1024);
    await ann.event("notification:sent", ({ seq }) => seq === 600);
    const after = ann.heard.slice(heardBefore).map(({ payload }) => payload.seq);
    expect([...seqs(data.entries), ...after]).to.deep.equal(upTo(1, 600));
  });
});
