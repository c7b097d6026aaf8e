import { expect } from "chai";
import type { Client, Wire } from "../kit/client.ts";
import { eventually } from "../kit/wait.ts";
import { type DistantInbox, startDistantInbox } from "./distant.ts";

const upTo = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
const seqs = (entries: Wire[]): number[] => entries.map(({ seq }) => seq);

/** Opens, and tells how much had been heard when the ack came. */
function open(ann: Client, input: object): Promise<{ data: Wire; heardBefore: number }> {
  return new Promise((resolve, reject) =>
    ann.socket.emit("inbox:open", input, (ack: Wire) =>
      ack.ok ? resolve({ data: ack.data, heardBefore: ann.heard.length }) : reject(new Error(ack.error.code)),
    ),
  );
}

/** Writes for a while: notifications, and every third time a reading. Resolves when all is written. */
async function write(inbox: DistantInbox, round: number): Promise<unknown> {
  return Promise.all(
    upTo(1, 30).map((n) =>
      n % 3 === 0
        ? inbox.request("ann", "notification:read", { ids: [`round-${round}-${n - 1}`] })
        : inbox.publisher.toUsers(["ann"], { id: `round-${round}-${n}`, title: "Meanwhile" }),
    ),
  );
}

/** The seqs that were heard after the ack, once all that was written has come. */
async function heardAfter(inbox: DistantInbox, ann: Client, heardBefore: number) {
  const end = "the-very-end";
  inbox.heal();
  const [published] = await inbox.publisher.toUsers(["ann"], { id: end, title: "That is all" });
  await ann.event("notification:sent", ({ id }) => id === end);
  const heard = ann.heard.slice(heardBefore).map(({ payload }) => payload.seq as number);
  return { heard, head: published?.seq ?? 0 };
}

describe("On a log that answers late, what follows the ack of inbox:open", () => {
  for (const [how, input] of [
    ["without since", () => ({})],
    ["with since", (since: object) => ({ since, limit: 3 })],
    ["with a since that is refused", (since: object) => ({ since: { ...since, epoch: "another" } })],
  ] as const) {
    it(`neither repeats it nor leaves a gap, ${how}, whatever is written meanwhile`, async () => {
      for (const seed of upTo(1, 15)) {
        await using inbox = await startDistantInbox(seed);
        await using ann = await inbox.connect("ann");
        const { epoch, head: since } = await ann.request("inbox:open");
        // Some of it is written before the server hears of the opening, some while it reads the log, some after.
        const written = write(inbox, 1);
        for (let requests = seed % 5; requests > 0; requests--) await ann.request("topic:list");
        const { data, heardBefore } = await open(ann, input({ epoch, seq: since }));
        await written;
        const { heard, head } = await heardAfter(inbox, ann, heardBefore);
        const told = [...seqs(data.entries), ...seqs(data.changes)].toSorted((a, b) => a - b);
        const shown = data.recovered ? Math.max(since, ...told) : data.head;
        expect(heard.filter((seq) => told.includes(seq))).to.deep.equal([]);
        if (data.recovered) expect(told).to.deep.equal(upTo(since + 1, shown));
        expect(heard, `seed ${seed}`).to.deep.equal(upTo(shown + 1, head));
      }
    });
  }
});

describe("On a log that answers late, a device", () => {
  it("hears of everything once and in order, with the count that belongs to each change", async () => {
    await using inbox = await startDistantInbox(11);
    await using phone = await inbox.connect("ann");
    await using laptop = await inbox.connect("ann");
    for (const device of [phone, laptop]) await device.request("inbox:open");
    for (let round = 1; round <= 5; round++) {
      await Promise.all([
        write(inbox, round),
        phone.request("notification:read", { ids: [`round-${round}-1`, `round-${round}-4`] }),
        laptop.request("notification:archive", { ids: [`round-${round}-4`, `round-${round}-5`] }),
      ]);
    }
    await heardAfter(inbox, phone, 0);
    await laptop.event("notification:sent", ({ title }) => title === "That is all");
    const [first, second] = [phone, laptop].map((device) =>
      device.heard.filter(({ name }) => name.startsWith("notification:")).map(({ payload }) => payload),
    ) as [Wire[], Wire[]];
    expect(first).to.deep.equal(second);
    expect(seqs(second)).to.deep.equal(upTo(1, second.length));
    const unread = new Set<string>();
    for (const { seq, id, ids, unread: told } of second) {
      if (id) unread.add(id);
      for (const each of ids ?? []) unread.delete(each);
      if (ids) expect(told, `at ${seq}`).to.equal(unread.size);
    }
  });

  it("is sent away to come back, rather than left with a gap, when the log cannot be read", async () => {
    await using inbox = await startDistantInbox(13);
    await using ann = await inbox.connect("ann");
    await ann.request("inbox:open");
    await inbox.publisher.toUsers(["ann"], { id: "notice-1", title: "Read me" });
    inbox.heal();
    await ann.event("notification:sent");
    inbox.breakAfter("read");
    const asked = inbox.request("ann", "notification:read", { ids: ["notice-1"] }).catch((error: unknown) => error);
    expect(await ann.event("session:closing")).to.include({ code: "unavailable", retryable: true });
    expect(await asked).to.include({ code: "unavailable" });
    inbox.mend();
    await eventually(() => ann.all("session:opened").length === 2);
    const { entries, unread } = await ann.request("inbox:open");
    expect(entries[0]).to.include({ id: "notice-1", read: true });
    expect(unread).to.equal(0);
  });
});
