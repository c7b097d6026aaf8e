import { expect } from "chai";
import type { Entry, RoomChange } from "../../client/chat/follow.ts";
import { createRoom } from "../../client/chat/attend.ts";
import { type Random, seededRandom } from "../kit/random.ts";
import { eventually, turns } from "../kit/wait.ts";
import { fakeOutbox } from "./fake-outbox.ts";
import { ModelLink } from "./model-link.ts";
import { ModelRoom, ROOM, SELF } from "./model-room.ts";

const SEEDS = 400;
const STEPS = 150;

/** Fails where an entry is told twice, out of order, or after one that was left out without a reset. */
function orderly(changes: readonly RoomChange[]): { epoch: string; seq: number } {
  let place = { epoch: "", seq: 0 };
  for (const change of changes) {
    if (change.kind === "reset") place = { epoch: change.epoch, seq: change.head };
    else {
      expect({ epoch: change.epoch, seq: change.seq }).to.deep.equal({ ...place, seq: place.seq + 1 });
      place.seq++;
    }
  }
  return place;
}

/** What happens in one room over a bad line, all of it by the numbers of one seed. */
class Story {
  readonly model: ModelRoom;
  readonly link: ModelLink;
  readonly changes: RoomChange[] = [];
  readonly outbox = fakeOutbox();
  readonly room: ReturnType<typeof createRoom>;
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.model = new ModelRoom(10 + this.#random.below(60));
    this.link = new ModelLink(this.model, this.#random, 12);
    for (let count = this.#random.below(30); count > 0; count--) this.#write();
    this.room = createRoom({
      channel: this.link.channel,
      id: ROOM,
      outbox: this.outbox.outbox,
      limit: 1 + this.#random.below(8),
      whenWritten: () => () => {},
      joined() {},
      left() {},
    });
    this.room.listen((change) => this.changes.push(change));
    this.link.connect();
  }

  /** One thing, here or there. */
  step(): void {
    const random = this.#random;
    const chance = random.below(100);
    if (chance < 30) this.#write();
    else if (chance < 31) this.#reset();
    else if (chance < 34) this.#cut();
    else if (chance < 41) this.room.readMore(1 + random.below(10)).catch(() => {});
    else if (chance < 46) this.room.markRead(this.room.getSnapshot().head - random.below(5));
    else this.link.carry();
  }

  /** The line is good again, and the client has come back over it: from here on, all has to come right by itself. */
  async settle(): Promise<void> {
    this.link.mend();
    this.link.disconnect();
    await turns(1);
    this.link.connect();
    await eventually(async () => {
      while (this.link.frames.length > 0) this.link.carry();
      await turns(2);
      const { status, epoch, head } = this.room.getSnapshot();
      return status === "live" && epoch === this.model.epoch && head === this.model.head;
    });
  }

  async readAll(): Promise<void> {
    while (this.room.getSnapshot().more) {
      const reading = this.room.readMore(7);
      await eventually(async () => {
        while (this.link.frames.length > 0) this.link.carry();
        await turns(1);
        return this.link.frames.length === 0;
      });
      await reading;
    }
  }

  #write(): void {
    const random = this.#random;
    const { targets } = this.model;
    const target = targets[random.below(targets.length)]?.seq;
    const amends = random.percent(40) && target !== undefined;
    const kind = amends ? (random.percent(60) ? "edited" : "deleted") : "sent";
    const user = random.percent(30) ? SELF : "other";
    const entry = this.model.append({ kind, user, ...(amends && { target }) }, random);
    this.link.tell(`message:${kind}`, entry);
  }

  #reset(): void {
    this.model.reset(this.#random.percent(50));
    this.link.reset();
  }

  #cut(): void {
    if (this.link.connected) this.link.disconnect();
    else this.link.connect();
  }
}

async function tell(seed: number): Promise<void> {
  const story = new Story(seed);
  for (let step = 0; step < STEPS; step++) {
    story.step();
    if (step % 4 === 0) await turns(1);
  }
  await story.settle();
  const { room, model, changes, outbox } = story;

  const { messages } = room.getSnapshot();
  const from = messages[0]?.seq ?? 0;
  const isThere = ({ seq }: Entry) => seq >= Math.max(from, model.first);
  expect(messages.filter(isThere), "what is held").to.deep.equal(model.folded().filter(isThere));
  expect(orderly(changes)).to.deep.equal({ epoch: model.epoch, seq: model.head });
  expect(outbox.epochs.at(-1)).to.equal(model.epoch);

  await story.readAll();
  const all = room.getSnapshot();
  const isKept = ({ seq }: Entry) => seq >= model.first;
  expect(all.messages.filter(isKept), "all there is").to.deep.equal(model.folded());
  const own = all.messages.filter(({ from: { id } }) => id === SELF).map(({ id }) => id);
  expect([...outbox.shown]).to.include.members(own);
  expect(all.marker).to.equal(model.marker);
  const unread = all.messages.filter((each) => each.seq > all.marker && each.from.id !== SELF && !each.deletedAt);
  expect(all.unread).to.equal(unread.length);

  room.leave();
  for (const event of ["connect", "disconnect", "message:sent", "room:reset", "presence:changed", "member:removed"])
    expect(story.link.listeners(event), event).to.equal(0);
}

describe("a room over a bad line", () => {
  it(`is what its log is, and tells each entry once and in order, in ${SEEDS} stories`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      await tell(seed).catch((error: Error) => {
        error.message = `Seed ${seed}: ${error.message}`;
        throw error;
      });
    }
  });
});
