import { expect } from "chai";
import { fitting, fittingLast, sizeOf } from "../../src/log/budget.ts";
import type { Entry } from "../../src/log/index.ts";

const entry = (seq: number, text: string): Entry => ({
  epoch: "epoch",
  seq,
  at: 0,
  id: "id",
  by: "ann",
  kind: "sent",
  body: {},
  content: { text },
});
const entries = [1, 2, 3, 4].map((seq) => entry(seq, "x"));
const each = sizeOf(entry(1, "x"));
const seqs = (some: readonly Entry[]) => some.map(({ seq }) => seq);

describe("what fits into an ack", () => {
  it("is measured in bytes, not in characters", () => {
    expect(sizeOf(entry(1, "€".repeat(1000))) - sizeOf(entry(1, "x".repeat(1000)))).to.equal(2000);
  });

  it("is the longest run from the start, or up to the end", () => {
    for (const [bytes, first, last] of [
      [4 * each, [1, 2, 3, 4], [1, 2, 3, 4]],
      [4 * each - 1, [1, 2, 3], [2, 3, 4]],
      [2 * each, [1, 2], [3, 4]],
      [each - 1, [], []],
    ] as const) {
      expect(seqs(fitting(entries, bytes, sizeOf))).to.deep.equal(first);
      expect(seqs(fittingLast(entries, bytes, sizeOf))).to.deep.equal(last);
    }
  });

  it("leaves nothing out in the middle, however small it is", () => {
    const large = [entry(1, "x"), entry(2, "x".repeat(10_000)), entry(3, "x")];
    expect(seqs(fitting(large, 1000, sizeOf))).to.deep.equal([1]);
    expect(seqs(fittingLast(large, 1000, sizeOf))).to.deep.equal([3]);
  });
});
