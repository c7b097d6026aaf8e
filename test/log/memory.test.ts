import { expect } from "chai";
import { memoryLog } from "../../src/log/memory.ts";
import { fakeClock } from "../kit/clock.ts";
import { heapBytes } from "../kit/heap.ts";
import { logSuite } from "./suite.ts";

const MIB = 1024 * 1024;

describe("a log in memory", () => {
  logSuite(async (options) => {
    const clock = fakeClock();
    const log = memoryLog({ clock, ...options });
    return { log, advance: (ms) => clock.advance(ms), close: async () => {} };
  });

  it("takes no memory for topics that are only looked into", async () => {
    const log = memoryLog({ clock: fakeClock(), size: 10, ttlSec: 60 });
    const before = heapBytes();
    for (let n = 0; n < 20_000; n++) {
      await log.messages(`nobody-wrote-here-${n}`, { limit: 10 });
      await log.read(`nobody-wrote-here-${n}`, { after: 0, limit: 10 });
      await log.count(`nobody-wrote-here-${n}`, { after: 0, except: "ann" });
      await log.find(`nobody-wrote-here-${n}`, "ann", "id");
    }
    expect(heapBytes() - before).to.be.below(2 * MIB);
    expect((await log.messages("kept", { limit: 1 })).entries).to.deep.equal([]);
  });

  it("has the same epoch for a topic before and after it is first written", async () => {
    const log = memoryLog({ clock: fakeClock(), size: 10, ttlSec: 60 });
    const { epoch } = await log.messages("topic", { limit: 10 });
    const { entry } = await log.append("topic", { id: "id", by: "ann", kind: "sent", body: {} });
    expect(entry.epoch).to.equal(epoch);
    expect((await memoryLog({ clock: fakeClock(), size: 10, ttlSec: 60 }).head("topic")).epoch).not.to.equal(epoch);
  });

  it("takes memory for what a topic holds, not for what it ever held", async () => {
    const log = memoryLog({ clock: fakeClock(), size: 10, ttlSec: 60 });
    const before = heapBytes();
    for (let n = 1; n <= 30_000; n++) {
      const amends = { target: n - 1, how: "revise" } as const;
      await log.append("topic", { id: `id-${n}`, by: "ann", kind: "sent", body: {}, ...(n % 2 === 0 && { amends }) });
    }
    expect(heapBytes() - before).to.be.below(MIB / 2);
    expect((await log.head("topic")).head).to.equal(30_000);
  });

  it("lets go of what is too old in topics that nobody looks at", async () => {
    const clock = fakeClock();
    const log = memoryLog({ clock, size: 10, ttlSec: 60 });
    const topics = 200;
    const before = heapBytes();
    for (let n = 0; n < topics; n++) {
      const content = { text: Buffer.alloc(50_000, n).toString("latin1") };
      await log.append(`topic-${n}`, { id: "id", by: "ann", kind: "sent", body: {}, content });
    }
    expect(heapBytes() - before).to.be.above(8 * MIB);
    await clock.advance(61_000);
    for (let n = 0; n <= topics + 1; n++) await log.append("busy", { id: `${n}`, by: "ann", kind: "sent", body: {} });
    expect(heapBytes() - before).to.be.below(2 * MIB);
    expect((await log.head("topic-0")).head).to.equal(1);
  });
});
