import { expect } from "chai";
import type { Entry } from "../../client/chat/follow.ts";
import { createMute } from "../../client/chat/mute.ts";
import { createReading } from "../../client/chat/reading.ts";
import { ownFailure, RequestError } from "../../client/failure.ts";
import { fakeClock } from "../kit/clock.ts";
import { turns } from "../kit/wait.ts";

interface Telling {
  readonly marker: number;
  answer(unread: number, seq?: number): void;
  refuse(error: RequestError): void;
}

/** One's reading of a room of which nothing is held, unless `held` says so; what the server is told waits to be answered. */
function scene() {
  const clock = fakeClock();
  const held = new Map<number, Entry>();
  const told: Telling[] = [];
  const state = { isOffline: false };
  const reading = createReading({
    clock,
    self: () => "me",
    find: (seq) => held.get(seq),
    count: () => undefined,
    tell(marker) {
      if (state.isOffline) return undefined;
      return new Promise((resolve, refuse) =>
        told.push({ marker, answer: (unread, seq = marker) => resolve({ seq, unread }), refuse }),
      );
    },
    changed() {},
  });
  reading.joined({ marker: 0, unread: 10, head: 20 });
  return { clock, held, told, state, reading };
}

function entry(seq: number, user: string, about: Partial<Entry> = {}): Entry {
  return { room: "r", epoch: "e", seq, kind: "sent", id: `id-${seq}`, from: { id: user, name: user }, at: 1, ...about };
}

describe("what one has read", () => {
  it("is told by one request at a time, the newest, and never backwards", async () => {
    const { told, reading } = scene();
    for (const seq of [3, 5, 4, 9]) reading.move(seq);
    expect(reading.marker).to.equal(9);
    expect(told.map(({ marker }) => marker)).to.deep.equal([3]);
    told[0]?.answer(8);
    await turns(1);
    expect(told.map(({ marker }) => marker)).to.deep.equal([3, 9]);
    told[1]?.answer(2);
    await turns(1);
    expect(reading).to.include({ marker: 9, unread: 2 });
    expect(told).to.have.length(2);
  });

  it("is told again where the server could not take it, when it may be", async () => {
    const { clock, told, reading } = scene();
    reading.move(3);
    const failure = { ...ownFailure("unavailable"), retryAfterMs: 700 };
    told[0]?.refuse(new RequestError(failure));
    await turns(1);
    reading.move(4);
    await clock.advance(699);
    expect(told).to.have.length(1);
    await clock.advance(1);
    expect(told.map(({ marker }) => marker)).to.deep.equal([3, 4]);
  });

  it("is told again over another connection, and not where the log began anew", async () => {
    const { clock, told, state, reading } = scene();
    reading.move(3);
    state.isOffline = true;
    told[0]?.refuse(new RequestError(ownFailure("timeout")));
    await clock.advance(60_000);
    reading.move(7);
    expect(told).to.have.length(1);
    state.isOffline = false;
    reading.joined({ marker: 1, unread: 9, head: 20 });
    expect(told.map(({ marker }) => marker)).to.deep.equal([3, 7]);
    expect(reading.marker).to.equal(7);
    reading.lost();
    told[1]?.refuse(new RequestError(ownFailure("timeout")));
    await turns(1);
    reading.joined({ marker: 0, unread: 2, head: 2 });
    await clock.advance(60_000);
    expect(told).to.have.length(2);
    expect(reading).to.include({ marker: 0, unread: 2 });
  });

  it("is not told again where it is refused for good", async () => {
    const { clock, told, reading } = scene();
    reading.move(3);
    told[0]?.refuse(new RequestError({ code: "forbidden", message: "no", retryable: false }));
    await clock.advance(60_000);
    expect(told).to.have.length(1);
    expect(clock.pending).to.equal(0);
  });

  it("leaves the messages of others unread that come after what the server has counted", () => {
    const { reading, held } = scene();
    held.set(22, entry(22, "other")).set(23, entry(23, "me"));
    for (const each of [entry(20, "other"), entry(21, "other"), entry(22, "other"), entry(23, "me")])
      reading.heard(each);
    expect(reading.unread).to.equal(12);
    reading.heard(entry(24, "other", { kind: "edited", target: 22 }));
    reading.heard(entry(25, "mod", { kind: "deleted", target: 23 }));
    expect(reading.unread).to.equal(12);
    reading.heard(entry(26, "mod", { kind: "deleted", target: 22 }));
    expect(reading.unread).to.equal(11);
  });

  it("asks the server where a message was deleted of which nobody here knows whose it was", async () => {
    const { told, reading } = scene();
    reading.heard(entry(21, "mod", { kind: "deleted", target: 5 }));
    expect(told.map(({ marker }) => marker)).to.deep.equal([0]);
    told[0]?.answer(9);
    await turns(1);
    expect(reading.unread).to.equal(9);
  });

  it("follows one's other devices", async () => {
    const { told, reading } = scene();
    reading.move(6, "elsewhere");
    reading.move(2, "elsewhere");
    expect(told.map(({ marker }) => marker)).to.deep.equal([6]);
    told[0]?.answer(3, 8);
    await turns(1);
    expect(reading).to.include({ marker: 8, unread: 3 });
  });

  it("leaves no timer behind", async () => {
    const { clock, told, reading } = scene();
    reading.move(3);
    told[0]?.refuse(new RequestError(ownFailure("unavailable")));
    await turns(1);
    expect(clock.pending).to.equal(1);
    reading.stop();
    expect(clock.pending).to.equal(0);
  });
});

describe("whether one may write", () => {
  it("ends by itself where it has an end, and not before, however far off that is", async () => {
    const clock = fakeClock();
    const mute = createMute(clock, () => {});
    mute.set(true, clock.now() + 5_000);
    await clock.advance(4_999);
    expect(mute.muted).to.have.property("untilAt");
    await clock.advance(1);
    expect(mute.muted).to.equal(undefined);
    mute.set(true, clock.now() + 1_000);
    mute.set(true);
    await clock.advance(60_000);
    expect(mute.muted).to.deep.equal({});
    mute.set(false);
    expect(clock.pending).to.equal(0);
  });

  it("is learnt from refusals that say so", () => {
    const mute = createMute(fakeClock(), () => {});
    mute.learn(ownFailure("unavailable"));
    expect(mute.muted).to.equal(undefined);
    mute.learn({ code: "muted", message: "", retryable: false, details: { untilAt: 7 } });
    expect(mute.muted).to.deep.equal({ untilAt: 7 });
    mute.learn({ code: "muted", message: "", retryable: false });
    expect(mute.muted).to.deep.equal({});
  });
});
