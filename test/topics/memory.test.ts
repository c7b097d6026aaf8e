import { expect } from "chai";
import { memoryTopics } from "../../src/topics/memory.ts";
import { heapBytes } from "../kit/heap.ts";
import { topicsSuite } from "./suite.ts";

describe("topics in memory", () => {
  topicsSuite(async () => ({ topics: memoryTopics(), close: async () => {} }));

  it("keep nothing of who has unsubscribed, nor of who only looked", async () => {
    const topics = memoryTopics();
    const before = heapBytes();
    for (let n = 0; n < 20_000; n++) {
      await topics.subscribe(`topic-${n}`, `user-${n}`);
      await topics.unsubscribe(`topic-${n}`, `user-${n}`);
      await topics.of(`another-${n}`);
      await topics.subscribers(`another-${n}`);
    }
    expect(heapBytes() - before).to.be.below(1024 * 1024);
    expect(await topics.of("user-1")).to.deep.equal([]);
  });
});
