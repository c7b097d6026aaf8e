import { expect } from "chai";
import { GATHER_MS, GRACE_MS } from "../../src/presence/index.ts";
import { memoryPresence } from "../../src/presence/memory.ts";
import { fakeClock } from "../kit/clock.ts";
import { heapBytes } from "../kit/heap.ts";
import { presenceSuite } from "./suite.ts";

const ANN = { id: "ann", name: "Ann" };

describe("presence in memory", () => {
  presenceSuite(async () => {
    const clock = fakeClock();
    return { presence: memoryPresence({ clock }), advance: (ms) => clock.advance(ms), close: async () => {} };
  });

  it("has higher versions than the process before it", async () => {
    const clock = fakeClock();
    const before = memoryPresence({ clock });
    for (let times = 0; times < 50; times++) {
      await before.enter("room", ANN, "phone");
      await before.leave("room", "ann", "phone");
    }
    const { version } = await before.attending("room", 0);
    await clock.advance(1_000);
    expect((await memoryPresence({ clock }).attending("room", 0)).version).to.be.above(version);
  });

  it("keeps neither memory nor timers for rooms that are empty", async () => {
    const clock = fakeClock();
    const presence = memoryPresence({ clock });
    const before = heapBytes();
    for (let n = 0; n < 5_000; n++) {
      await presence.enter(`room-${n}`, ANN, "phone");
      await presence.leave(`room-${n}`, "ann", "phone", "dropped");
      await presence.attending(`another-${n}`, 1);
    }
    await clock.advance(GRACE_MS + GATHER_MS);
    expect(clock.pending).to.equal(0);
    expect(heapBytes() - before).to.be.below(1024 * 1024);
    expect((await presence.attending("room-1", 1)).memberCount).to.equal(0);
  });
});
