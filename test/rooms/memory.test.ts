import { expect } from "chai";
import { memoryRooms } from "../../src/rooms/memory.ts";
import { heapBytes } from "../kit/heap.ts";
import { roomsSuite } from "./suite.ts";

describe("rooms in memory", () => {
  roomsSuite(async () => ({ rooms: memoryRooms(), close: async () => {} }));

  it("keep nothing of who has left, nor of who only looked", async () => {
    const rooms = memoryRooms();
    const before = heapBytes();
    for (let n = 0; n < 20_000; n++) {
      await rooms.addMember(`room-${n}`, `user-${n}`);
      await rooms.removeMember(`room-${n}`, `user-${n}`);
      await rooms.moveMarker(`room-${n}`, "ann", { epoch: "epoch", seq: 0 });
      await rooms.marker(`room-${n}`, "ann");
      await rooms.members(`room-${n}`, 10);
      await rooms.roomsOf(`user-${n}`, { limit: 10 });
    }
    expect(heapBytes() - before).to.be.below(1024 * 1024);
    expect(await rooms.roomsOf("user-1", { limit: 1 })).to.deep.equal({ ids: [] });
  });

  it("give a page of 100,000 as fast as one of a few", async () => {
    const rooms = memoryRooms();
    for (let n = 0; n < 100_000; n++) await rooms.list(`room-${String(n).padStart(6, "0")}`);
    const startedAt = performance.now();
    for (let n = 0; n < 1_000; n++) await rooms.listed({ after: `room-0${n}50`, limit: 50 });
    expect(performance.now() - startedAt).to.be.below(500);
  });
});
