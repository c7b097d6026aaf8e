import { expect } from "chai";
import { createInbox, type Inbox } from "../../client/notify/inbox.ts";
import { RequestError, type Notification } from "../../client/index.ts";
import { type Random, seededRandom } from "../kit/random.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { type Device, idsOf, openDevice, publish } from "./device.ts";

const STEPS = 150;

/** How each hundred events to a device fares. What a device can miss is what it can find: the last one is never harmed. */
const FAULTS = { lost: 15, twice: 15, late: 15 };

/** Harms what the server sends, until it is called off: a hundred events are lost, sent twice, or come after the next one. */
function harm(server: TestServer, random: Random): () => void {
  let isHarming = true;
  const { notify } = server.carillon;
  if (!notify) throw new Error("There has to be /notify");
  notify.on("connection", (socket) => {
    const emit = socket.emit.bind(socket) as (...event: unknown[]) => boolean;
    let late: unknown[] | undefined;
    const flush = () => {
      if (late) emit(...late);
      late = undefined;
    };
    const harmed = (...event: unknown[]): boolean => {
      if (!isHarming || !String(event[0]).startsWith("notification:")) return emit(...event);
      const dice = random.below(100);
      if (dice < FAULTS.lost) return true;
      if (dice < FAULTS.lost + FAULTS.late && !late) {
        late = event;
        return true;
      }
      emit(...event);
      if (dice >= 100 - FAULTS.twice) emit(...event);
      flush();
      return true;
    };
    Object.assign(socket, { emit: harmed });
  });
  return () => (isHarming = false);
}

/** What an inbox should be, said in the simplest way. */
class Model {
  readonly all: { id: string; read: boolean; archived: boolean }[] = [];

  get shown() {
    return this.all.filter(({ archived }) => !archived);
  }

  mark(how: "read" | "archived", ids: readonly string[]): void {
    for (const notice of this.all) if (ids.includes(notice.id)) notice[how] = true;
  }
}

/** Until it is done: a cut may come in between, and trying again is safe. */
async function surely(act: () => Promise<void>): Promise<void> {
  await eventually(async () => {
    try {
      await act();
      return true;
    } catch (error) {
      if (error instanceof RequestError && error.retryable) return false;
      throw error;
    }
  });
}

/** Three devices of one user who do as they like. */
class Run {
  readonly model = new Model();
  readonly #server: TestServer;
  readonly #devices: readonly Device[];
  readonly #random: Random;

  constructor(server: TestServer, devices: readonly Device[], random: Random) {
    this.#server = server;
    this.#devices = devices;
    this.#random = random;
  }

  async step(n: number): Promise<void> {
    const dice = this.#random.below(100);
    if (dice < 50) return this.send(n);
    if (dice < 65) return this.#mark("read");
    if (dice < 80) return this.#mark("archived");
    if (dice < 85) return this.#markAll();
    if (dice < 95) return this.#cut();
    await this.#someDevice.inbox.readMore(5).catch(() => {});
  }

  async send(n: number): Promise<void> {
    await publish(this.#server, n, n);
    this.model.all.push({ id: `notice-${n}`, read: false, archived: false });
  }

  get #someDevice(): Device {
    return this.#devices[this.#random.below(this.#devices.length)] as Device;
  }

  async #mark(how: "read" | "archived"): Promise<void> {
    const { all } = this.model;
    if (all.length === 0) return;
    const ids = [1, 2, 3].map(() => all[Math.max(0, all.length - 1 - this.#random.below(20))]?.id as string);
    const { inbox } = this.#someDevice;
    await surely(() => (how === "read" ? inbox.markRead(ids) : inbox.archive(ids)));
    this.model.mark(how, ids);
  }

  /** It may not know of the newest: then those stay unread. */
  async #markAll(): Promise<void> {
    const device = this.#someDevice;
    await device.shows(({ status }) => status === "live");
    const known = new Set(device.ids);
    const newest = this.model.shown.findLast(({ id }) => known.has(id));
    if (newest !== this.model.shown.at(-1)) return;
    await surely(() => device.inbox.markRead("all"));
    for (const notice of this.model.all) notice.read = true;
  }

  async #cut(): Promise<void> {
    const sockets = [...(this.#server.carillon.notify?.sockets.values() ?? [])];
    sockets[this.#random.below(sockets.length)]?.conn.close();
  }
}

describe("an inbox of the client whose events are lost, doubled, late, and cut off", function () {
  this.timeout(60_000);
  for (const seed of [1, 2, 3, 4]) {
    it(`is in the end what it should be on all of three devices, and each was told of each once (seed ${seed})`, async () => {
      const random = seededRandom(seed);
      await using server = await startServer();
      const heal = harm(server, random);
      await using phone = await openDevice(server);
      await using laptop = await openDevice(server);
      await using tablet = await openDevice(server);
      const devices = [phone, laptop, tablet];
      const run = new Run(server, devices, random);
      for (let n = 1; n <= STEPS; n++) await run.step(n);
      heal();
      for (const device of devices) await device.shows(({ status }) => status === "live");
      await run.send(STEPS + 1);

      const { shown, all } = run.model;
      const unread = shown.filter(({ read }) => !read).length;
      for (const device of devices) {
        await device.shows(({ notifications }) => notifications[0]?.id === `notice-${STEPS + 1}`);
        await device.shows((now) => now.unread === unread);
        const seen = device.now.notifications.map(({ id, read }) => ({ id, read })).toReversed();
        expect(seen).to.deep.equal(shown.map(({ id, read }) => ({ id, read })));
        const told = device.told.map(({ id }) => id);
        expect(told).to.deep.equal(all.map(({ id }) => id).filter((id) => told.includes(id)));
        expect(told).to.include.members(shown.map(({ id }) => id));
      }
    });
  }
});

const EPOCH = "one";
const notification = (seq: number, read = false): Notification => ({
  id: `notice-${seq}`,
  epoch: EPOCH,
  seq,
  at: seq,
  title: `${seq}`,
  level: "info",
  read,
});

/** An inbox that was opened with these, which are all unread. */
function opened(seqs: readonly number[], stale = () => {}): Inbox {
  const head = seqs.at(-1) ?? 0;
  const inbox = createInbox(stale);
  const entries = seqs.map((seq) => notification(seq));
  inbox.open({ epoch: EPOCH, head, recovered: null, entries, changes: [], unread: entries.length });
  return inbox;
}

const held = ({ now }: Inbox) => now.notifications.map(({ seq, read }) => `${seq}${read ? " read" : ""}`).toReversed();

describe("what is folded into an inbox", () => {
  it("while an older page is on its way counts for the page too", () => {
    const inbox = opened([5, 6]);
    const page = inbox.page();
    expect(page?.asked).to.deep.equal({ before: 5, epoch: EPOCH });
    inbox.hear({ epoch: EPOCH, seq: 7, ids: ["notice-2"], archived: true, unread: 5 });
    inbox.mark({ upTo: 3 });
    page?.end({ epoch: EPOCH, entries: [1, 2, 3, 4].map((seq) => notification(seq)), more: false });
    expect(held(inbox)).to.deep.equal(["1 read", "3 read", "4", "5", "6"]);
    expect(inbox.now).to.include({ unread: 5, more: false });
  });

  it("is nothing of a page that was asked for before the log was lost", () => {
    const inbox = opened([5, 6]);
    const page = inbox.page();
    inbox.open({ epoch: "two", head: 0, recovered: false, entries: [], changes: [], unread: 0 });
    page?.end({ epoch: EPOCH, entries: [notification(4)], more: false });
    expect(held(inbox)).to.deep.equal([]);
  });

  it("leaves the count alone while one catches up with what was counted already", () => {
    const inbox = opened([1, 2]);
    const changes = [{ epoch: EPOCH, seq: 3, ids: ["notice-1"], read: true, unread: 7 }];
    inbox.open({ epoch: EPOCH, head: 9, recovered: true, entries: [], changes, unread: 2 });
    expect(inbox.hear(notification(6))).to.equal(true);
    expect(inbox.hear({ epoch: EPOCH, seq: 8, ids: ["notice-2"], read: true, unread: 1 })).to.equal(true);
    expect(inbox.now.unread).to.equal(2);
    expect(inbox.hear(notification(10))).to.equal(true);
    expect(inbox.now.unread).to.equal(3);
    expect(inbox.hear(notification(12))).to.equal(false);
    expect(inbox.since).to.deep.equal({ epoch: EPOCH, seq: 10, id: "notice-10" });
    expect(held(inbox)).to.deep.equal(["1 read", "2 read", "6", "10"]);
  });

  it("tells as new what came between the connection and the first opening, and nothing that was there", () => {
    const inbox = createInbox(() => {});
    inbox.hearEarly({ epoch: EPOCH, seq: 3 });
    expect(inbox.since).to.equal(undefined);
    const entries = [1, 2, 3, 4].map((seq) => notification(seq));
    const news = inbox.open({ epoch: EPOCH, head: 4, recovered: null, entries, changes: [], unread: 4 });
    expect(news.map(({ seq }) => seq)).to.deep.equal([3, 4]);
  });

  it("is no more than the server keeps, which counts nothing else and is asked where that was unread", () => {
    let asked = 0;
    const inbox = opened([1, 2, 3], () => asked++);
    inbox.limit(3);
    inbox.mark({ ids: ["notice-2"] });
    expect(inbox.now.unread).to.equal(2);
    inbox.hear(notification(4));
    expect(held(inbox)).to.deep.equal(["2 read", "3", "4"]);
    expect(asked).to.equal(1);
    inbox.hear(notification(5));
    expect(held(inbox)).to.deep.equal(["3", "4", "5"]);
    expect(asked).to.equal(1);
    inbox.limit(0);
    inbox.hear(notification(6));
    expect(held(inbox)).to.deep.equal(["3", "4", "5", "6"]);
  });

  it("is bounded: the oldest of a thousand and more go, and can be read again until something new comes", () => {
    const inbox = opened([1]);
    for (let seq = 2; seq <= 1_200; seq++) inbox.hear(notification(seq));
    expect(inbox.now.notifications).to.have.length(1_000);
    expect(inbox.now).to.include({ more: true, unread: 1_200 });
    const page = inbox.page();
    expect(page?.asked.before).to.equal(201);
    const older = idsOf(101, 200).map((_, index) => notification(101 + index));
    page?.end({ epoch: EPOCH, entries: older, more: true });
    expect(inbox.now.notifications).to.have.length(1_100);
    inbox.hear(notification(1_201));
    expect(inbox.now.notifications).to.have.length(1_000);
    expect(inbox.page()?.asked.before).to.equal(202);
  });
});
