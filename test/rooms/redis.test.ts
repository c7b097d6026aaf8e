import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { RedisLink } from "../../src/redis/link.ts";
import type { Rooms } from "../../src/rooms/index.ts";
import { redisRooms } from "../../src/rooms/redis.ts";
import { openLink } from "../kit/link.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";
import { refusalOf } from "../kit/refusal.ts";
import { eventually } from "../kit/wait.ts";
import { roomsSuite } from "./suite.ts";

const TTL_SEC = 600;

/** A worker's rooms over a link of its own. */
interface Worker extends Disposable {
  readonly rooms: Rooms;
  readonly link: RedisLink;
  /** How often this worker has gone to Redis while `work` was done. */
  trips(work: () => Promise<unknown>): Promise<number>;
}

const newPrefix = () => `test-${randomBytes(6).toString("hex")}`;

describe("rooms in Redis", () => {
  let server: RedisServer;
  before(async () => (server = await startRedis()));
  after(() => server[Symbol.asyncDispose]());

  async function work(prefix = newPrefix()): Promise<Worker> {
    let trips = 0;
    const link = openLink(server.url, prefix, { roundTrip: () => void trips++ });
    await link.ready;
    return {
      rooms: redisRooms({ link, ttlSec: TTL_SEC }),
      link,
      async trips(act) {
        const before = trips;
        await act();
        return trips - before;
      },
      [Symbol.dispose]: () => link.close(),
    };
  }

  roomsSuite(async () => {
    const worker = await work();
    return { rooms: worker.rooms, close: async () => worker[Symbol.dispose]() };
  });

  it("are the same to every worker, and after all of them have gone", async () => {
    const prefix = newPrefix();
    let room: string;
    {
      using one = await work(prefix);
      using other = await work(prefix);
      await one.rooms.list("lobby");
      await one.rooms.addMember("lobby", "ann");
      await one.rooms.moveMarker("lobby", "ann", { epoch: "first", seq: 5 });
      ({ room } = await one.rooms.openDirect("ann", "bob"));
      expect(await other.rooms.openDirect("bob", "ann")).to.deep.equal({ room, made: false });
      expect(await other.rooms.moveMarker("lobby", "ann", { epoch: "first", seq: 4 })).to.have.property("seq", 5);
      await other.rooms.addMember("lobby", "bob");
    }
    using next = await work(prefix);
    expect(await next.rooms.listed({ limit: 10 })).to.deep.equal({ ids: ["lobby"] });
    expect(await next.rooms.members("lobby", 10)).to.have.members(["ann", "bob"]);
    expect(await next.rooms.roomsOf("ann", { limit: 10 })).to.deep.equal({ ids: [room, "lobby"] });
    expect(await next.rooms.pair(room)).to.have.members(["ann", "bob"]);
    expect(await next.rooms.marker("lobby", "ann")).to.deep.equal({ epoch: "first", seq: 5 });
  });

  it("take one round trip a call, and none for a room or a pair that this worker knows", async () => {
    using worker = await work();
    const { rooms, trips } = worker;
    expect(await trips(() => rooms.list("lobby")), "list").to.equal(1);
    expect(await trips(() => rooms.list("lobby")), "list again").to.equal(0);
    expect(await trips(() => rooms.listed({ limit: 50 })), "listed").to.equal(1);
    expect(await trips(() => rooms.addMember("lobby", "ann")), "addMember").to.equal(1);
    expect(await trips(() => rooms.isMember("lobby", "ann")), "isMember").to.equal(1);
    expect(await trips(() => rooms.members("lobby", 200)), "members").to.equal(1);
    expect(await trips(() => rooms.roomsOf("ann", { limit: 50 })), "roomsOf").to.equal(1);
    expect(await trips(() => rooms.removeMember("lobby", "ann")), "removeMember").to.equal(1);
    expect(await trips(() => rooms.moveMarker("lobby", "ann", { epoch: "e", seq: 1 })), "moveMarker").to.equal(1);
    expect(await trips(() => rooms.marker("lobby", "ann")), "marker").to.equal(1);
    expect(await trips(() => rooms.openDirect("ann", "bob")), "openDirect").to.equal(1);
    const { room } = await rooms.openDirect("ann", "bob");
    expect(await trips(() => rooms.pair(room)), "pair").to.equal(1);
    expect(await trips(() => rooms.pair(room)), "pair again").to.equal(0);
    // Whoever asks for what is not there must not fill the worker's memory, nor hide that it comes to be.
    expect(await trips(() => rooms.pair("dm-nothing")), "no pair").to.equal(1);
    expect(await trips(() => rooms.pair("dm-nothing")), "no pair again").to.equal(1);
  });

  it("are listed and paired anew after everything was lost", async () => {
    using worker = await work();
    const { rooms } = worker;
    await rooms.list("lobby");
    const { room } = await rooms.openDirect("ann", "bob");
    await rooms.pair(room);
    await server.admin.flushall();
    await eventually(async () => {
      await rooms.list("lobby");
      return (await rooms.listed({ limit: 10 })).ids.length === 1;
    });
    await eventually(async () => (await rooms.pair(room)) === undefined);
    expect(await rooms.openDirect("ann", "bob")).to.deep.equal({ room, made: true });
  });

  it("are mended by trying again where only the first half of a change was written", async () => {
    const prefix = newPrefix();
    using worker = await work(prefix);
    const { rooms, link } = worker;
    const members = link.keys("lobby")("members", "lobby");
    const roomsOfAnn = link.keys("ann")("rooms-of", "ann");
    // As a failure in the middle leaves it: told of the room, and without a right to it.
    await server.admin.zadd(members, 0, "ann");
    expect(await rooms.isMember("lobby", "ann")).to.equal(false);
    await rooms.addMember("lobby", "ann");
    expect(await rooms.isMember("lobby", "ann")).to.equal(true);
    await server.admin.zrem(roomsOfAnn, "lobby");
    expect(await rooms.isMember("lobby", "ann")).to.equal(false);
    await rooms.removeMember("lobby", "ann");
    expect(await rooms.members("lobby", 10)).to.deep.equal([]);
  });

  it("refuse what cannot be written, and say nothing that is not so", async () => {
    using worker = await work();
    const { rooms } = worker;
    await server.admin.config("SET", "maxmemory", "1");
    try {
      expect((await refusalOf(rooms.list("lobby"))).code).to.equal("unavailable");
      expect((await refusalOf(rooms.addMember("lobby", "ann"))).code).to.equal("unavailable");
      expect((await refusalOf(rooms.openDirect("ann", "bob"))).code).to.equal("unavailable");
      expect((await refusalOf(rooms.moveMarker("lobby", "ann", { epoch: "e", seq: 1 }))).code).to.equal("unavailable");
    } finally {
      await server.admin.config("SET", "maxmemory", "0");
    }
    await rooms.list("lobby");
    expect(await rooms.listed({ limit: 10 })).to.deep.equal({ ids: ["lobby"] });
    expect(await rooms.openDirect("ann", "bob")).to.have.property("made", true);
  });

  it("leave nothing of who has left or only looked, and no marker for ever", async () => {
    const prefix = newPrefix();
    using worker = await work(prefix);
    const { rooms } = worker;
    const stored = async () => (await server.admin.keys(`${prefix}:*`)).filter((key) => !key.endsWith(":born"));
    await rooms.addMember("lobby", "ann");
    await rooms.removeMember("lobby", "ann");
    await rooms.moveMarker("lobby", "ann", { epoch: "epoch", seq: 0 });
    await rooms.marker("lobby", "ann");
    await rooms.members("lobby", 10);
    await rooms.roomsOf("bob", { limit: 10 });
    await rooms.pair("dm-nothing");
    expect(await stored()).to.deep.equal([]);
    await rooms.moveMarker("lobby", "ann", { epoch: "epoch", seq: 3 });
    const [marker = ""] = await stored();
    expect(await server.admin.ttl(marker)).to.be.within(TTL_SEC - 10, TTL_SEC);
  });

  it("give a page of 100,000 as fast as one of a few", async () => {
    using worker = await work();
    const { rooms, link } = worker;
    const ids = Array.from({ length: 100_000 }, (_, n) => `room-${String(n).padStart(6, "0")}`);
    for (let from = 0; from < ids.length; from += 10_000)
      await server.admin.zadd(link.keys("rooms")("rooms"), ...ids.slice(from, from + 10_000).flatMap((id) => [0, id]));
    const startedAt = performance.now();
    for (let n = 0; n < 200; n++) {
      const after = `room-0${String(n).padStart(3, "0")}50`;
      expect((await rooms.listed({ after, limit: 50 })).ids).to.have.length(50);
    }
    expect(performance.now() - startedAt).to.be.below(2_000);
  });
});
