import { EventEmitter } from "node:events";
import { expect } from "chai";
import type { Socket } from "socket.io-client";
import type { Entry } from "../../client/chat/follow.ts";
import { createReading } from "../../client/chat/reading.ts";
import { ownFailure } from "../../client/failure.ts";
import type { Ack } from "../../src/protocol/contract.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import { useTime } from "./time.ts";

interface Telling {
  readonly marker: number;
  answer(unread: number, seq?: number): void;
  refuse(failure: Failure): void;
}

/** One's reading of a room of which nothing is held, unless `held` says so; what the server is told waits to be answered. */
function scene() {
  const told: Telling[] = [];
  const timeline = { epoch: "e", head: 20, held: [] as Entry[] };
  const heard = new EventEmitter();
  let isOnline = true;
  const socket = {
    on: (event: string, hear: () => void) => (heard.on(event, hear), socket),
    off: (event: string, hear: () => void) => (heard.off(event, hear), socket),
    timeout: () => ({
      emit(_name: string, { seq: marker }: { seq: number }, ack: (error: null, ack: Ack<unknown>) => void) {
        const answer = (unread: number, seq = marker) => ack(null, { ok: true, data: { seq, unread } });
        told.push({ marker, answer, refuse: (error) => ack(null, { ok: false, error }) });
      },
    }),
  };
  Object.defineProperty(socket, "connected", { get: () => isOnline });
  const reading = createReading(
    socket as unknown as Socket,
    "r",
    {
      get epoch() {
        return timeline.epoch;
      },
      get head() {
        return timeline.head;
      },
      unread: (after) =>
        after < 20 ? undefined : timeline.held.filter(({ seq, from }) => seq > after && from.id !== "me").length,
    },
    () => "me",
    () => {},
  );
  const connect = (isConnected: boolean) => {
    isOnline = isConnected;
    heard.emit(isConnected ? "connect" : "disconnect");
    if (!isConnected) reading.stop();
  };
  reading.joined({ marker: 0, unread: 10, head: 20 });
  const hear = (...entries: Entry[]) => {
    for (const each of entries) {
      timeline.head = each.seq;
      if (each.kind === "sent") timeline.held.push(each);
      else timeline.held = timeline.held.filter(({ seq }) => seq !== each.target);
      reading.heard(each);
    }
  };
  return { told, timeline, reading, connect, hear };
}

function entry(seq: number, user: string, about: Partial<Entry> = {}): Entry {
  return { room: "r", epoch: "e", seq, kind: "sent", id: `id-${seq}`, from: { id: user, name: user }, at: 1, ...about };
}

const OUT: Failure = { ...ownFailure("unavailable"), retryAfterMs: 700 };

describe("what one has read", () => {
  const time = useTime();

  it("is told by one request at a time, the newest, and never backwards", () => {
    const { told, reading } = scene();
    for (const seq of [3, 5, 4, 9]) reading.move(seq);
    expect(reading.now.marker).to.equal(9);
    expect(told.map(({ marker }) => marker)).to.deep.equal([3]);
    told[0]?.answer(8);
    expect(told.map(({ marker }) => marker)).to.deep.equal([3, 9]);
    told[1]?.answer(2);
    expect(reading.now).to.deep.equal({ marker: 9, unread: 2 });
    expect(told).to.have.length(2);
  });

  it("is told again where the server could not take it, when it may be", async () => {
    const { told, reading } = scene();
    reading.move(3);
    told[0]?.refuse(OUT);
    await time.clock.advance(1_400);
    expect(told.map(({ marker }) => marker)).to.deep.equal([3, 3]);
    told[1]?.refuse(OUT);
    reading.move(4);
    await time.clock.advance(699);
    expect(told).to.have.length(2);
    await time.clock.advance(701);
    expect(told.map(({ marker }) => marker)).to.deep.equal([3, 3, 4]);
  });

  it("is told again over another connection, and not where the log began anew", async () => {
    const { told, timeline, reading, connect } = scene();
    reading.move(3);
    connect(false);
    await time.clock.advance(60_000);
    reading.move(7);
    expect(told).to.have.length(1);
    connect(true);
    reading.joined({ marker: 1, unread: 9, head: 20 });
    expect(told.map(({ marker }) => marker)).to.deep.equal([3, 7]);
    expect(reading.now.marker).to.equal(7);
    Object.assign(timeline, { epoch: "another", head: 2 });
    reading.lost();
    told[1]?.answer(1);
    reading.joined({ marker: 0, unread: 2, head: 2 });
    await time.clock.advance(60_000);
    expect(told).to.have.length(2);
    expect(reading.now).to.deep.equal({ marker: 0, unread: 2 });
  });

  it("is not told again where it is refused for good", async () => {
    const { told, reading } = scene();
    reading.move(3);
    told[0]?.refuse({ code: "forbidden", message: "no", retryable: false });
    await time.clock.advance(60_000);
    expect(told).to.have.length(1);
    expect(time.clock.pending).to.equal(0);
  });

  it("leaves the messages of others unread that come after what the server has counted", () => {
    const { told, reading, hear } = scene();
    hear(entry(21, "other"), entry(22, "other"), entry(23, "me"));
    expect(reading.now.unread).to.equal(12);
    hear(entry(24, "other", { kind: "edited", target: 23 }), entry(25, "mod", { kind: "deleted", target: 23 }));
    expect(reading.now.unread).to.equal(12);
    hear(entry(26, "mod", { kind: "deleted", target: 22 }));
    expect(reading.now.unread).to.equal(11);
    expect(told).to.have.length(0);
  });

  it("asks the server where a message was deleted of which nobody here knows whether it was counted", () => {
    const { told, reading, hear } = scene();
    hear(entry(21, "mod", { kind: "deleted", target: 5 }));
    expect(told.map(({ marker }) => marker)).to.deep.equal([0]);
    told[0]?.answer(9);
    expect(reading.now.unread).to.equal(9);
  });

  it("follows one's other devices", () => {
    const { told, reading } = scene();
    reading.move(6, true);
    reading.move(2, true);
    expect(told.map(({ marker }) => marker)).to.deep.equal([6]);
    told[0]?.answer(3, 8);
    expect(reading.now).to.deep.equal({ marker: 8, unread: 3 });
  });

  it("leaves no timer behind", () => {
    const { told, reading } = scene();
    reading.move(3);
    told[0]?.refuse(OUT);
    expect(time.clock.pending).to.equal(1);
    reading.end();
    expect(time.clock.pending).to.equal(0);
  });
});
