import { expect } from "chai";
import type { Entry, RoomChange } from "../../client/chat/follow.ts";
import { createTimeline, type Timeline } from "../../client/chat/timeline.ts";

const SELF = "me";

/** An entry at `seq`, about another one where `target` is given. */
function entryAt(seq: number, about: Partial<Entry> = {}): Entry {
  const from = { id: "other", name: "Other" };
  return { room: "r", epoch: "e", seq, kind: "sent", id: `id-${seq}`, from, at: seq, text: `text ${seq}`, ...about };
}

const edit = (seq: number, target: number, at = seq) =>
  entryAt(seq, { kind: "edited", target, at, text: `edit ${seq}` });
const deletion = (seq: number, target: number): Entry => {
  const { text: _, ...rest } = entryAt(seq, { kind: "deleted", target });
  return rest;
};
const reset = (head: number, entries: readonly Entry[], epoch = "e"): RoomChange => {
  return { kind: "reset", room: "r", why: "joined", epoch, head, entries };
};

/** A timeline that holds the messages 11 to 13, before which there are others. */
function begun(mostHeld?: number) {
  const timeline = createTimeline(undefined, mostHeld);
  timeline.apply(reset(13, [entryAt(11), entryAt(12), entryAt(13)]));
  return timeline;
}

const seqsOf = (timeline: Timeline) => timeline.messages.map(({ seq }) => seq);

describe("a timeline", () => {
  it("folds edits and deletions into the messages that it holds", () => {
    const timeline = begun();
    for (const change of [edit(14, 11), edit(15, 12), deletion(16, 12), edit(17, 11)]) timeline.apply(change);
    const [first, second] = timeline.messages;
    expect(first).to.include({ seq: 11, text: "edit 17", editedAt: 17, at: 11, kind: "sent" });
    expect(second).to.include({ seq: 12, deletedAt: 16 });
    expect(second).not.to.have.any.keys("text", "editedAt");
    expect(timeline.head).to.equal(17);
  });

  it("takes an edit that comes without its text for what it is: one of a message that was deleted since", () => {
    const timeline = begun();
    const { text: _, ...bare } = edit(14, 11);
    timeline.apply({ ...bare, deletedAt: 20 });
    expect(timeline.messages[0]).to.include({ deletedAt: 20 }).and.not.to.have.any.keys("text", "editedAt");
  });

  it("applies to a page what came for its messages while it was on its way", () => {
    const timeline = begun();
    const page = timeline.page();
    expect(page?.asked).to.deep.equal({ before: 11, epoch: "e" });
    for (const change of [edit(14, 9), edit(15, 10), deletion(16, 10)]) timeline.apply(change);
    page?.end({ epoch: "e", entries: [entryAt(9), entryAt(10)], more: true });
    expect(seqsOf(timeline)).to.deep.equal([9, 10, 11, 12, 13]);
    expect(timeline.messages[0]).to.include({ text: "edit 14" });
    expect(timeline.messages[1]).to.include({ deletedAt: 16 }).and.not.to.have.property("text");
  });

  it("lets no older edit undo a newer one, and nothing undo a deletion", () => {
    const timeline = begun();
    const page = timeline.page();
    for (const change of [edit(14, 9), edit(15, 10)]) timeline.apply(change);
    const { text: _, ...gone } = entryAt(10, { deletedAt: 40 });
    page?.end({ epoch: "e", entries: [entryAt(9, { text: "newer", editedAt: 30 }), gone], more: true });
    timeline.apply(edit(16, 9));
    timeline.apply(edit(17, 10));
    expect(timeline.messages[0]).to.include({ text: "newer", editedAt: 30 });
    expect(timeline.messages[1]).to.include({ deletedAt: 40 }).and.not.to.have.property("text");
  });

  it("drops a page of another log, or from before a reset, and what it has kept for it", () => {
    const timeline = begun();
    const before = timeline.page();
    timeline.apply(reset(30, [entryAt(30)]));
    expect(before?.end({ epoch: "e", entries: [entryAt(9)], more: false })).to.deep.equal([]);
    expect(seqsOf(timeline)).to.deep.equal([30]);
    expect(timeline.more).to.equal(true);
    const foreign = timeline.page();
    expect(foreign?.end({ epoch: "another", entries: [entryAt(9)], more: false })).to.deep.equal([]);
    expect(seqsOf(timeline)).to.deep.equal([30]);
  });

  it("drops a page that may be older than a reset, also where that begins at the same message", () => {
    const timeline = begun();
    const page = timeline.page();
    timeline.apply(reset(15, [entryAt(11), entryAt(12), entryAt(13)]));
    expect(page?.end({ epoch: "e", entries: [entryAt(9)], more: false })).to.deep.equal([]);
  });

  it("keeps nothing older over a reset, so that no gap looks whole", () => {
    const timeline = begun();
    timeline.apply(reset(20, [entryAt(20)]));
    expect(seqsOf(timeline)).to.deep.equal([20]);
    expect(timeline.more).to.equal(true);
    timeline.apply(reset(2, [entryAt(1), entryAt(2)], "another"));
    expect(timeline.more).to.equal(false);
  });

  it("holds so many messages at most, and says that there are older ones", () => {
    const timeline = begun(3);
    const page = timeline.page();
    timeline.apply(entryAt(14));
    expect(seqsOf(timeline)).to.deep.equal([12, 13, 14]);
    expect(timeline.more).to.equal(true);
    expect(page?.end({ epoch: "e", entries: [entryAt(10)], more: false }), "no longer what comes before").to.deep.equal(
      [],
    );
    const next = timeline.page();
    next?.end({ epoch: "e", entries: [entryAt(10), entryAt(11)], more: false });
    expect(seqsOf(timeline), "whoever pages back").to.deep.equal([10, 11, 12, 13, 14]);
  });

  it("counts what is unread only where it holds all of it", () => {
    const timeline = begun();
    timeline.apply(entryAt(14, { from: { id: SELF, name: SELF } }));
    expect(timeline.unread(9, SELF)).to.equal(undefined);
    expect(timeline.unread(10, SELF)).to.equal(3);
    timeline.apply(deletion(15, 12));
    expect(timeline.unread(11, SELF)).to.equal(1);
    timeline.page()?.end({ epoch: "e", entries: [entryAt(5)], more: false });
    expect(timeline.unread(0, SELF)).to.equal(3);
  });
});
