import { expect } from "chai";
import type { Wire } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { startServer, type TestServer } from "../kit/server.ts";

const seqs = (entries: Wire[]): number[] => entries.map(({ seq }) => seq);
const idOf = (n: number) => `notice-${String(n).padStart(4, "0")}`;
const upTo = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

async function publish(server: TestServer, count: number, user = "ann"): Promise<void> {
  for (const n of upTo(1, count)) await server.carillon.publish([user], { id: idOf(n), title: `${n}` });
}

describe("inbox:read", () => {
  it("gives pages from the newest to the oldest, each oldest first, and says whether there is more", async () => {
    await using server = await startServer();
    await publish(server, 120);
    await using ann = await server.connect("/notify", "ann");
    const first = await ann.request("inbox:read");
    expect(seqs(first.entries)).to.deep.equal(upTo(71, 120));
    expect(first).to.include({ more: true, unread: 120 });
    const second = await ann.request("inbox:read", { before: 71, limit: 70 });
    expect(seqs(second.entries)).to.deep.equal(upTo(1, 70));
    expect(second).to.include({ epoch: first.epoch, more: false });
    expect(await ann.request("inbox:read", { before: 1 })).to.deep.include({ entries: [], more: false, unread: 120 });
    expect(await ann.refusal("inbox:read", { before: 0 })).to.equal("bad_request");
    expect(await ann.refusal("inbox:read", { limit: 101 })).to.equal("bad_request");
  });

  it("with the filter unread leaves out what was read, and pages through the rest", async () => {
    await using server = await startServer();
    await publish(server, 20);
    await using ann = await server.connect("/notify", "ann");
    await ann.request("notification:read", {
      ids: upTo(1, 20)
        .filter((n) => n % 2 === 0)
        .map(idOf),
    });
    const { entries, more, unread } = await ann.request("inbox:read", { filter: "unread", limit: 4 });
    expect(seqs(entries)).to.deep.equal([13, 15, 17, 19]);
    expect({ more, unread }).to.deep.equal({ more: true, unread: 10 });
    const rest = await ann.request("inbox:read", { filter: "unread", before: 13 });
    expect(seqs(rest.entries)).to.deep.equal([1, 3, 5, 7, 9, 11]);
    expect(rest.more).to.equal(false);
    expect((await ann.request("inbox:read", { filter: "all" })).entries).to.have.length(20);
    expect(await ann.refusal("inbox:read", { filter: "read" })).to.equal("bad_request");
  });

  it("takes at most about 256 KiB into a page, and says that there is more", async () => {
    await using server = await startServer();
    for (const n of upTo(1, 40)) await server.carillon.publish(["ann"], { title: `${n}`, body: "€".repeat(4000) });
    await using ann = await server.connect("/notify", "ann");
    const { entries, more } = await ann.request("inbox:read", { limit: 100 });
    expect(Buffer.byteLength(JSON.stringify(entries))).to.be.within(200 * 1024, 260 * 1024);
    expect(seqs(entries)).to.deep.equal(upTo(41 - entries.length, 40));
    expect(more).to.equal(true);
  });

  it("beside another epoch than the inbox's is a conflict", async () => {
    await using server = await startServer();
    await publish(server, 2);
    await using ann = await server.connect("/notify", "ann");
    const { epoch } = await ann.request("inbox:read");
    expect(seqs((await ann.request("inbox:read", { before: 2, epoch })).entries)).to.deep.equal([1]);
    expect(await ann.refusal("inbox:read", { before: 2, epoch: "another" })).to.equal("conflict");
  });
});

describe("notification:read", () => {
  it("by ids marks those that are there, and passes over the others", async () => {
    await using server = await startServer();
    await publish(server, 4);
    await using ann = await server.connect("/notify", "ann");
    const ids = [idOf(3), "not-there-at-all", idOf(1), idOf(3)];
    expect(await ann.request("notification:read", { ids })).to.deep.equal({ unread: 2 });
    const { ids: told } = await ann.event("notification:changed");
    expect(told)
      .to.have.members([idOf(1), idOf(3)])
      .and.to.have.length(2);
    expect((await ann.request("inbox:read")).entries.map(({ read }: Wire) => read)).to.deep.equal([
      true,
      false,
      true,
      false,
    ]);
  });

  it("upTo a seq marks all up to it, and no further than to the head: what comes later is unread", async () => {
    await using server = await startServer();
    await publish(server, 4);
    await using ann = await server.connect("/notify", "ann");
    expect(await ann.request("notification:read", { upTo: 2 })).to.deep.equal({ unread: 2 });
    expect(await ann.event("notification:changed")).to.include({ upTo: 2, seq: 5, unread: 2 });
    expect(await ann.request("notification:read", { upTo: 1_000_000 })).to.deep.equal({ unread: 0 });
    expect(await ann.event("notification:changed", ({ seq }) => seq === 6)).to.include({ upTo: 5, unread: 0 });
    await server.carillon.publish(["ann"], { title: "Later" });
    expect((await ann.request("inbox:read", { filter: "unread" })).entries).to.have.length(1);
    expect(await ann.request("notification:read", { upTo: 0 })).to.deep.equal({ unread: 1 });
  });

  it("upTo a seq of another epoch is a conflict, and marks nothing", async () => {
    await using server = await startServer();
    await publish(server, 2);
    await using ann = await server.connect("/notify", "ann");
    const { epoch } = await ann.request("inbox:read");
    expect(await ann.refusal("notification:read", { upTo: 2, epoch: "another" })).to.equal("conflict");
    expect((await ann.request("inbox:read")).unread).to.equal(2);
    expect(await ann.request("notification:read", { upTo: 2, epoch })).to.deep.equal({ unread: 0 });
  });

  it("asks for either ids or upTo", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    for (const input of [
      {},
      { ids: [] },
      { ids: ["short"] },
      { upTo: -1 },
      { ids: [idOf(1)], upTo: 1 },
      { ids: idOf(1) },
    ])
      expect(await ann.refusal("notification:read", input), JSON.stringify(input)).to.equal("bad_request");
  });

  it("that changes nothing is written nowhere and told nobody", async () => {
    await using server = await startServer();
    await publish(server, 2);
    await using ann = await server.connect("/notify", "ann");
    for (let n = 0; n < 3; n++) await ann.request("notification:read", { ids: [idOf(1)] });
    await ann.request("notification:archive", { ids: [idOf(2)] });
    for (let n = 0; n < 3; n++) {
      await ann.request("notification:read", { upTo: 2 });
      await ann.request("notification:archive", { ids: [idOf(2)] });
      await ann.request("notification:read", { ids: [idOf(2)] });
    }
    expect((await ann.request("inbox:open")).head).to.equal(4);
    expect(seqs(ann.all("notification:changed"))).to.deep.equal([3, 4]);
  });

  it("takes a thousand ids against a thousand notifications at once, and quickly", async () => {
    await using server = await startServer({ maxFrameBytes: 200_000 });
    await publish(server, 1_000);
    await using ann = await server.connect("/notify", "ann");
    const startedAt = performance.now();
    expect(await ann.request("notification:read", { ids: upTo(1, 1_000).map(idOf) })).to.deep.equal({ unread: 0 });
    expect(performance.now() - startedAt).to.be.below(300);
    expect(await ann.refusal("notification:read", { ids: upTo(1, 1_001).map(idOf) })).to.equal("bad_request");
  });
});

describe("notification:archive", () => {
  it("takes notifications out of the inbox and out of the count, read or not", async () => {
    await using server = await startServer();
    await publish(server, 4);
    await using ann = await server.connect("/notify", "ann");
    await ann.request("notification:read", { ids: [idOf(1)] });
    expect(await ann.request("notification:archive", { ids: [idOf(1), idOf(2), "not-there"] })).to.deep.equal({
      unread: 2,
    });
    expect(seqs((await ann.request("inbox:read")).entries)).to.deep.equal([3, 4]);
    expect(seqs((await ann.request("inbox:open")).entries)).to.deep.equal([3, 4]);
    const told = await ann.event("notification:changed", ({ archived }) => archived);
    expect(told).to.deep.include({ seq: 6, ids: [idOf(1), idOf(2)], archived: true, unread: 2 });
    expect(told).not.to.have.property("read");
  });

  it("takes ids alone", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/notify", "ann");
    for (const input of [{}, { ids: [] }, { upTo: 1 }])
      expect(await ann.refusal("notification:archive", input), JSON.stringify(input)).to.equal("bad_request");
  });
});

describe("notification:changed", () => {
  it("is told to every device of the user, the acting one too, and to nobody else", async () => {
    await using server = await startServer();
    await publish(server, 3);
    await publish(server, 3, "bob");
    await using phone = await server.connect("/notify", "ann");
    await using laptop = await server.connect("/notify", "ann");
    await using bob = await server.connect("/notify", "bob");
    await phone.request("notification:read", { ids: [idOf(2)] });
    await laptop.request("notification:archive", { ids: [idOf(3)] });
    await bob.request("notification:read", { upTo: 1 });
    for (const device of [phone, laptop]) {
      const { epoch } = await device.event("notification:changed", ({ archived }) => archived);
      expect(device.all("notification:changed")).to.deep.equal([
        { epoch, seq: 4, ids: [idOf(2)], read: true, unread: 2 },
        { epoch, seq: 5, ids: [idOf(3)], archived: true, unread: 1 },
      ]);
    }
    await bob.event("notification:changed");
    expect(bob.all("notification:changed").map(({ unread }) => unread)).to.deep.equal([2]);
  });

  it("is told of what was done over HTTP on the user's behalf", async () => {
    await using server = await startServer();
    await publish(server, 2);
    await using ann = await server.connect("/notify", "ann");
    const { body } = await server.call("POST", "/api/requests/notification:read", { as: "ann", input: { upTo: 1 } });
    expect(body).to.deep.equal({ ok: true, data: { unread: 1 } });
    expect(await ann.event("notification:changed")).to.include({ upTo: 1, read: true, unread: 1 });
  });
});

describe("Another user's notifications", () => {
  it("can be neither read, nor marked, nor archived: an id means what it means in one's own inbox", async () => {
    await using server = await startServer();
    await publish(server, 2);
    await using bob = await server.connect("/notify", "bob");
    const ids = [idOf(1), idOf(2)];
    expect(await bob.request("notification:read", { ids })).to.deep.equal({ unread: 0 });
    expect(await bob.request("notification:archive", { ids })).to.deep.equal({ unread: 0 });
    expect(await bob.request("notification:read", { upTo: 2 })).to.deep.equal({ unread: 0 });
    expect((await bob.request("inbox:open")).entries).to.deep.equal([]);
    await using ann = await server.connect("/notify", "ann");
    expect(await ann.request("inbox:open")).to.deep.include({ head: 2, unread: 2 });
  });
});

describe("A notification with ttlSec", () => {
  it("says when it expires, and from then on is neither listed nor counted nor told", async () => {
    const clock = fakeClock();
    await using server = await startServer({ clock });
    await using ann = await server.connect("/notify", "ann");
    await server.carillon.publish(["ann"], { id: "for-a-minute", title: "Soon gone", ttlSec: 60 });
    await server.carillon.publish(["ann"], { id: "for-good", title: "Here to stay" });
    const heard = await ann.event("notification:sent");
    expect(heard.expiresAt).to.equal(clock.now() + 60_000);
    expect(heard).not.to.have.property("ttlSec");

    await clock.advance(59_999);
    expect((await ann.request("inbox:read")).entries).to.have.length(2);
    expect((await ann.request("inbox:open")).unread).to.equal(2);
    await clock.advance(1);
    const { entries, unread } = await ann.request("inbox:read");
    expect(entries.map(({ id }: Wire) => id)).to.deep.equal(["for-good"]);
    expect(unread).to.equal(1);
    expect(await ann.request("inbox:open")).to.deep.include({ head: 2, unread: 1 });
    expect(await ann.request("notification:read", { upTo: 2 })).to.deep.equal({ unread: 0 });
  });

  it("takes whole seconds from 1 on", async () => {
    await using server = await startServer();
    for (const ttlSec of [0, -1, 1.5, "60"]) {
      const { status } = await server.call("POST", "/api/notifications", { to: "ann", title: "Hi", ttlSec });
      expect(status, String(ttlSec)).to.equal(400);
    }
  });
});
