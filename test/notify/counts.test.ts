import { expect } from "chai";
import type { Client, Wire } from "../kit/client.ts";
import { type FakeClock, fakeClock } from "../kit/clock.ts";
import { type Random, seededRandom } from "../kit/random.ts";
import { startServer, type TestServer } from "../kit/server.ts";

const INBOX_SIZE = 12;
const STEPS = 250;

interface Notice {
  readonly id: string;
  readonly expiresAt: number;
  read: boolean;
  archived: boolean;
}

/** What an inbox should be, said in the simplest way: the last so many that were sent, and what was done to each. */
class Model {
  notices: Notice[] = [];
  head = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get shown(): Notice[] {
    return this.notices.filter(({ archived, expiresAt }) => !archived && expiresAt > this.#clock.now());
  }

  get unread(): number {
    return this.shown.filter(({ read }) => !read).length;
  }

  send(id: string, expiresAt: number): void {
    this.head++;
    this.notices = [...this.notices, { id, expiresAt, read: false, archived: false }].slice(-INBOX_SIZE);
  }

  /** @returns whether it changes anything */
  mark(how: "read" | "archived", which: (notice: Notice) => boolean): boolean {
    const marked = this.notices.filter((notice) => which(notice) && !notice.archived && !notice[how]);
    for (const notice of marked) notice[how] = true;
    if (marked.length > 0) this.head++;
    return marked.length > 0;
  }
}

const listed = (entries: Wire[]) => entries.map(({ id, seq, read }) => ({ id, seq, read }));

/** Three devices of one user, and the model of their inbox. */
class Run {
  readonly model: Model;
  readonly seqs = new Map<string, number>();
  epoch = "";
  readonly #server: TestServer;
  readonly #devices: Client[];
  readonly #clock: FakeClock;
  readonly #random: Random;

  constructor(server: TestServer, devices: Client[], clock: FakeClock, random: Random) {
    this.#server = server;
    this.#devices = devices;
    this.#clock = clock;
    this.#random = random;
    this.model = new Model(clock);
  }

  async step(n: number): Promise<void> {
    const dice = this.#random.below(100);
    if (dice < 40) await this.#send(n);
    else if (dice < 60) await this.#markIds("read");
    else if (dice < 70) await this.#markIds("archived");
    else if (dice < 80) await this.#readUpTo();
    else if (dice < 90) await this.#clock.advance(this.#random.below(8_000));
    else await this.#look();
  }

  get #device(): Client {
    return this.#devices[this.#random.below(this.#devices.length)] as Client;
  }

  async #send(n: number): Promise<void> {
    const id = `notice-${n}`;
    const ttlSec = this.#random.percent(40) ? 1 + this.#random.below(20) : undefined;
    const draft = { id, title: id, ...(ttlSec !== undefined && { ttlSec }) };
    const [published] = await this.#server.carillon.publish(["ann"], draft);
    this.model.send(id, ttlSec === undefined ? Infinity : this.#clock.now() + ttlSec * 1000);
    expect(published).to.deep.equal({ user: "ann", id, seq: this.model.head, duplicate: false });
    this.seqs.set(id, this.model.head);
    for (const device of this.#devices)
      expect(await device.event("notification:sent", ({ seq }) => seq === this.model.head)).to.include({
        id,
        read: false,
      });
  }

  async #markIds(how: "read" | "archived"): Promise<void> {
    const known = [...this.seqs.keys()];
    if (known.length === 0) return;
    // Some of them are gone already, or were never there.
    const ids = Array.from(
      { length: 1 + this.#random.below(4) },
      () => known[Math.max(0, known.length - 1 - this.#random.below(20))] as string,
    );
    ids.push("never-published");
    const request = how === "read" ? "notification:read" : "notification:archive";
    const reply = await this.#device.request(request, { ids });
    await this.#changed(
      this.model.mark(how, ({ id }) => ids.includes(id)),
      how,
      reply,
    );
  }

  async #readUpTo(): Promise<void> {
    const upTo = Math.max(0, this.model.head - this.#random.below(INBOX_SIZE) + 2);
    const reply = await this.#device.request("notification:read", { upTo });
    const changes = this.model.mark("read", ({ id }) => (this.seqs.get(id) as number) <= upTo);
    await this.#changed(changes, "read", reply);
  }

  async #changed(changes: boolean, how: "read" | "archived", reply: Wire): Promise<void> {
    expect(reply).to.deep.equal({ unread: this.model.unread });
    if (!changes) return;
    for (const device of this.#devices) {
      const told = await device.event("notification:changed", ({ seq }) => seq === this.model.head);
      expect(told).to.include({ [how]: true, unread: this.model.unread });
    }
  }

  /** Compares all that can be asked. */
  async #look(): Promise<void> {
    const { shown, unread, head } = this.model;
    const device = this.#device;
    const expected = shown.map(({ id, read }) => ({ id, seq: this.seqs.get(id), read }));
    const opened = await device.request("inbox:open", { limit: 100 });
    expect(listed(opened.entries)).to.deep.equal(expected);
    expect(opened).to.include({ unread, head });
    const read = await device.request("inbox:read", { filter: "unread", limit: 100 });
    expect(listed(read.entries)).to.deep.equal(expected.filter((notice) => !notice.read));
    expect(read).to.include({ unread, more: false });
  }
}

describe("The count of unread notifications", () => {
  for (const seed of [1, 2, 3]) {
    it(`is right in every reply and event, whatever three devices do (seed ${seed})`, async () => {
      const clock = fakeClock();
      await using server = await startServer({ clock, inboxSize: INBOX_SIZE });
      await using phone = await server.connect("/notify", "ann");
      await using laptop = await server.connect("/notify", "ann");
      await using tablet = await server.connect("/notify", "ann");
      const devices = [phone, laptop, tablet];
      const run = new Run(server, devices, clock, seededRandom(seed));
      for (let n = 0; n < STEPS; n++) {
        await run.step(n);
        if (n % 50 === 0) for (const device of devices) device.forget();
      }
      expect(run.model.head).to.be.greaterThan(STEPS / 2);
    });
  }
});

describe("INBOX_SIZE", () => {
  it("counts notifications alone, and exactly: readings and archivings push nothing out", async () => {
    await using server = await startServer({ inboxSize: 5 });
    await using ann = await server.connect("/notify", "ann");
    const publish = async (n: number) => server.carillon.publish(["ann"], { id: `notice-${n}`, title: `${n}` });
    const titles = async () => (await ann.request("inbox:read")).entries.map(({ title }: Wire) => Number(title));
    for (let n = 1; n <= 5; n++) await publish(n);
    for (let n = 1; n <= 5; n++) await ann.request("notification:read", { ids: [`notice-${n}`] });
    expect(await titles()).to.deep.equal([1, 2, 3, 4, 5]);
    await publish(6);
    expect(await titles()).to.deep.equal([2, 3, 4, 5, 6]);
    await ann.request("notification:archive", { ids: ["notice-2", "notice-3"] });
    expect(await titles()).to.deep.equal([4, 5, 6]);
    // Archived ones are notifications too.
    await publish(7);
    await publish(8);
    expect(await titles()).to.deep.equal([4, 5, 6, 7, 8]);
    expect((await ann.request("inbox:open")).unread).to.equal(3);
  });

  it("is the whole of what an id is known for: after that it is a new one", async () => {
    await using server = await startServer({ inboxSize: 2 });
    const publish = async (id: string) => (await server.carillon.publish(["ann"], { id, title: "Same" }))[0];
    await publish("notice-1");
    await publish("notice-2");
    expect(await publish("notice-1")).to.include({ seq: 1, duplicate: true });
    await publish("notice-3");
    expect(await publish("notice-1")).to.include({ seq: 4, duplicate: false });
  });

  it("keeps the log of a busy reader short, whatever is read one by one", async () => {
    await using server = await startServer({ inboxSize: 10 });
    await using ann = await server.connect("/notify", "ann");
    for (let n = 1; n <= 200; n++) {
      await server.carillon.publish(["ann"], { id: `notice-${n}`, title: "Read and put away" });
      await ann.request("notification:read", { ids: [`notice-${n}`] });
      await ann.request("notification:archive", { ids: [`notice-${n}`] });
    }
    const { epoch, head } = await ann.request("inbox:open");
    expect(head).to.equal(600);
    expect((await ann.request("inbox:open", { since: { epoch, seq: 500 } })).recovered).to.equal(false);
    expect((await ann.request("inbox:open", { since: { epoch, seq: 580 } })).recovered).to.equal(true);
  });
});
