import { expect } from "chai";
import { KnownMembers } from "../../src/presence/known-members.ts";

const list = (size: number, most = 200) => ({
  state: "1 1",
  most,
  members: Array.from({ length: size }, (_, index) => ({ id: `user-${index}`, name: "A user" })),
});

describe("the lists of members that a worker knows", () => {
  it("are the newest of each room, for as many as were asked for", () => {
    const lists = new KnownMembers();
    lists.put("room", list(1));
    const newer = list(2);
    lists.put("room", newer);
    expect(lists.of("room", 200)).to.equal(newer);
    expect(lists.of("room", 10)).to.equal(undefined);
    expect(lists.of("another", 200)).to.equal(undefined);
  });

  it("take a bounded room, whatever comes: the oldest go first", () => {
    const lists = new KnownMembers();
    for (let n = 0; n < 1_000; n++) lists.put(`room-${n}`, list(200));
    const kept = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => lists.of(`room-${n}`, 200));
    expect(kept).to.deep.equal(Array.from({ length: 100 }, (_, n) => 900 + n));
  });
});
