import { expect } from "chai";
import { RoomOrder, Sequence } from "./order.ts";

/** What listeners of a room with so many senders have to complain of, after `sent` messages. */
function complaints(senders: number, sent: number, ...heard: readonly (readonly number[])[]) {
  const order = new RoomOrder(senders);
  order.sent = sent;
  return heard.map((numbers) => {
    const sequence = new Sequence(order);
    for (const number of numbers) sequence.heard(number);
    const { doubled, missing, swapped } = sequence;
    return { doubled, missing, swapped };
  });
}

const NONE = { doubled: 0, missing: 0, swapped: 0 };

describe("the order of a room's messages", () => {
  it("is whatever was made of what several senders sent at once, as long as it is the same for all", () => {
    expect(complaints(3, 6, [2, 1, 3, 4, 6, 5], [2, 1, 3, 4, 6, 5])).to.deep.equal([NONE, NONE]);
  });

  it("is broken by whoever hears two the other way round", () => {
    expect(complaints(3, 4, [1, 2, 3, 4], [1, 3, 2, 4])).to.deep.equal([NONE, { ...NONE, swapped: 1 }]);
  });

  it("is broken for one sender's messages, even where all hear it so", () => {
    expect(complaints(2, 4, [1, 4, 3, 2], [1, 4, 3, 2])).to.deep.equal([{ ...NONE, swapped: 1 }, NONE]);
  });

  it("is not broken by what is lost or comes twice, which is counted as such", () => {
    const [first, second, third] = complaints(1, 5, [1, 2, 3, 4, 5], [1, 3, 5], [1, 2, 2, 3, 1, 4, 5]);
    expect(first).to.deep.equal(NONE);
    expect(second).to.deep.equal({ ...NONE, missing: 2 });
    expect(third).to.deep.equal({ ...NONE, doubled: 2 });
  });
});
