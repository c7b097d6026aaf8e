import { expect } from "chai";
import { keptIn } from "../../client/chat/outbox-storage.ts";
import type { Outgoing } from "../../client/chat/outgoing.ts";
import type { FakeClock } from "../kit/clock.ts";
import { type Random, seededRandom } from "../kit/random.ts";
import { FakeChannel, FakeLog, FakeStorage, type Fate } from "./fake-log.ts";
import { outboxOf, type RoomOutbox } from "./outbox-scene.ts";
import { takeTime } from "./time.ts";

const SEEDS = 60;
const STEPS = 120;

/** So often in a hundred times: an answer that is lost, a server that is out, a right that is missing. */
const FATES: readonly [Fate, number][] = [
  ["lost", 8],
  ["answer lost", 12],
  ["unavailable", 4],
  ["rate_limited", 4],
  ["muted", 6],
];

function anyFate(random: Random): Fate {
  let left = random.next() * 100;
  for (const [fate, chance] of FATES) if ((left -= chance) < 0) return fate;
  return "answered";
}

/** Somebody who writes, and all that can go wrong meanwhile. */
class Story {
  readonly clock: FakeClock;
  readonly log: FakeLog;
  /** What became of each message, as far as it was told. */
  readonly told = new Map<string, Outgoing>();
  /** All that were ever written, in that order. */
  readonly written: string[] = [];
  readonly discarded = new Set<string>();
  readonly #random: Random;
  readonly #storage = new FakeStorage();
  #isCalm = false;
  #connection!: FakeChannel;
  #outbox!: RoomOutbox;

  constructor(seed: number, clock: FakeClock) {
    this.clock = clock;
    this.log = new FakeLog(clock);
    this.#random = seededRandom(seed);
    this.#load();
  }

  async play(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      this.#act();
      if (this.#connection.flying > 1) throw new Error("two at a time");
      await this.clock.advance(this.#random.below(this.#random.percent(20) ? 3_000 : 12));
    }
    this.#isCalm = true;
    this.#open();
    this.#outbox.live(this.log.epoch);
    await this.clock.advance(600_000);
  }

  pending(): readonly Outgoing[] {
    return this.#outbox.outgoing().filter(({ state }) => state === "pending");
  }

  #act(): void {
    const below = this.#random.below(100);
    if (below < 45) this.#write(() => this.#outbox.send({ text: String(this.written.length) }));
    else if (below < 58) this.#connection.cut();
    else if (below < 74) this.#open();
    else if (below < 86) this.#outbox.live(this.log.epoch);
    else if (below < 90) this.#discard();
    else if (below < 93) this.#retry();
    else if (below < 96) this.#load();
    else if (below < 98) this.log.reset();
    else this.log.trim();
  }

  /** A page is loaded, and the one before it gone. */
  #load(): void {
    this.#connection?.cut();
    this.#connection = new FakeChannel(this.clock, this.log, () => (this.#isCalm ? "answered" : anyFate(this.#random)));
    const { channel } = this.#connection;
    this.#outbox = outboxOf(channel, keptIn(this.#storage), () => {});
    // What is written before anybody has signed in is only in this page.
    this.#open();
    for (const { id } of this.#outbox.outgoing()) this.#watch(id);
  }

  #open(): void {
    if (this.#connection.isOpen) return;
    this.#connection.open("ann");
  }

  #write(write: () => Outgoing): void {
    const { id } = write();
    this.written.push(id);
    this.#watch(id);
  }

  #watch(id: string): void {
    void this.#outbox.settled(id).then((message) => this.told.set(id, message));
  }

  #discard(): void {
    const [message] = this.pending();
    if (!message) return;
    this.discarded.add(message.id);
    this.#outbox.discard(message.id);
  }

  #retry(): void {
    const failed = this.#outbox.outgoing().find(({ state }) => state === "failed");
    if (failed) this.#write(() => this.#outbox.retry(failed.id));
  }
}

/** The stories, played once for all the claims. */
async function stories(): Promise<Map<number, Story>> {
  const played = new Map<number, Story>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    using clock = takeTime();
    const story = new Story(seed, clock);
    await story.play();
    played.set(seed, story);
  }
  return played;
}

describe("an outbox over lost answers, refusals, cuts, resets and reloads", () => {
  let played: Map<number, Story>;
  before(async () => (played = await stories()));

  it("stores each message at most once, over all logs there ever were", () => {
    for (const [seed, { log }] of played) {
      expect(new Set(log.history.map(({ id }) => id)).size, `seed ${seed}`).to.equal(log.history.length);
    }
  });

  it("stores them in the order in which they were written", () => {
    for (const [seed, { log, written }] of played) {
      const order = log.history.map(({ id }) => written.indexOf(id));
      expect(order, `seed ${seed}`).to.deep.equal(order.toSorted((a, b) => a - b));
    }
  });

  it("leaves nothing undecided once all is well", () => {
    for (const [seed, { pending, told, written, discarded }] of played) {
      expect(pending.call(played.get(seed)), `seed ${seed}`).to.deep.equal([]);
      // What was discarded in a page that is gone is no longer told to anybody.
      const untold = written.filter((id) => !told.has(id) && !discarded.has(id));
      expect(untold, `seed ${seed}`).to.deep.equal([]);
    }
  });

  it("tells the truth: what is sent is stored there, and what has failed is not, unless nobody can say", () => {
    const seen = new Map<string, number>();
    for (const [seed, { log, told }] of played) {
      for (const { id, state, epoch, seq, failure } of told.values()) {
        const stored = log.history.find((entry) => entry.id === id);
        seen.set(failure?.code ?? state, (seen.get(failure?.code ?? state) ?? 0) + 1);
        if (state === "sent") expect(stored, `seed ${seed}`).to.include({ epoch, seq });
        // The log that could tell is gone.
        else if (stored) expect(log.entries, `seed ${seed} ${failure?.code}`).to.not.include(stored);
      }
    }
    // It has happened at all.
    for (const outcome of ["sent", "muted", "conflict", "too_late", "not_found"])
      expect(seen.get(outcome), outcome).to.be.greaterThan(10);
  });
});
