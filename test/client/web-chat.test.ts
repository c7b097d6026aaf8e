import { expect } from "chai";
import type { Entry, Outgoing } from "../../client/index.ts";
import { createRows, type Log, messageAt } from "../../client/web/chat/rows.ts";
import { calledBy, candidatesFor, isPictures, mentionBefore, piecesOf } from "../../client/web/chat/text.ts";

const MINUTE_MS = 60_000;
const NOON = new Date(2024, 4, 3, 12).getTime();

const entry = (seq: number, from: string, at: number, rest: Partial<Entry> = {}): Entry => ({
  room: "lobby",
  epoch: "e1",
  seq,
  kind: "sent",
  id: `message-${seq}`,
  from: { id: from, name: from },
  at,
  text: `text ${seq}`,
  ...rest,
});

const outgoing = (id: string, createdAt: number): Outgoing => ({
  id,
  room: "lobby",
  text: id,
  createdAt,
  state: "pending",
});

/** The rows of a log, in short: messages by their seq, those that name their author with a `!`. */
function shown(log: Partial<Log>): string[] {
  const rows = createRows()({ messages: [], outgoing: [], more: false, me: "ann", ...log });
  return rows.map((row) => {
    if (row.kind === "message") return `${row.entry.seq}${row.isFirst ? "!" : ""}`;
    return row.kind === "outgoing" ? `${row.message.id}${row.isFirst ? "!" : ""}` : row.kind;
  });
}

describe("the rows of a chat log", () => {
  it("name an author again after five minutes, after another, and on another day", () => {
    const messages = [
      entry(1, "bob", NOON),
      entry(2, "bob", NOON + 5 * MINUTE_MS),
      entry(3, "bob", NOON + 11 * MINUTE_MS),
      entry(4, "cat", NOON + 11 * MINUTE_MS),
      entry(5, "bob", NOON + 12 * MINUTE_MS),
      entry(6, "bob", NOON + 12 * 60 * MINUTE_MS),
      entry(7, "bob", NOON + 12 * 60 * MINUTE_MS),
    ];
    expect(shown({ messages })).to.deep.equal(["top", "day", "1!", "2", "3!", "4!", "5!", "day", "6!", "7"]);
  });

  it("put what is on its way below, in the group of what one has said before", () => {
    const messages = [entry(1, "ann", NOON)];
    const log = { messages, outgoing: [outgoing("a", NOON + 1), outgoing("b", NOON + 2)] };
    expect(shown(log)).to.deep.equal(["top", "day", "1!", "a", "b"]);
  });

  it("keep the name of a message that was on its way when it is stored", () => {
    const makeRows = createRows();
    const log = { messages: [], outgoing: [outgoing("message-1", NOON)], more: false, me: "ann" };
    const before = makeRows(log).at(-1)?.key;
    expect(makeRows({ ...log, messages: [entry(1, "ann", NOON)], outgoing: [] }).at(-1)?.key).to.equal(before);
  });

  it("are the same objects for the same messages, and have names of their own", () => {
    const makeRows = createRows();
    const messages = Array.from({ length: 50 }, (_message, index) => entry(index + 1, "bob", NOON + index * 3_600_000));
    const log: Log = { messages, outgoing: [], more: true, me: "ann", readUpTo: 3 };
    const first = makeRows(log);
    const second = makeRows({ ...log, messages: [entry(0, "bob", NOON - 1), ...messages] });
    expect(second.filter((row) => row.kind === "message" && first.includes(row))).to.have.length.at.least(49);
    for (const rows of [first, second]) expect(new Set(rows.map(({ key }) => key)).size).to.equal(rows.length);
  });

  it("name what stands between messages after the message below: it is another row when older ones are put before", () => {
    const makeRows = createRows();
    const log: Log = { messages: [entry(5, "bob", NOON)], outgoing: [], more: true, me: "ann" };
    const between = (rows: ReturnType<typeof makeRows>) =>
      rows.filter((row) => row.kind !== "message").map(({ key }) => key);
    const before = between(makeRows(log));
    const after = between(makeRows({ ...log, messages: [entry(4, "bob", NOON - 1), ...log.messages] }));
    expect(after.filter((key) => before.includes(key))).to.deep.equal([]);
  });

  it("say once where what is new begins: with another's first message that one has not read", () => {
    const messages = [entry(1, "bob", NOON), entry(2, "ann", NOON), entry(3, "bob", NOON), entry(4, "bob", NOON)];
    expect(shown({ messages, readUpTo: 1 })).to.deep.equal(["top", "day", "1!", "2!", "new", "3!", "4"]);
    expect(shown({ messages, readUpTo: 4 })).to.not.include("new");
    expect(shown({ messages }), "nothing was unread").to.not.include("new");
  });

  it("do not say so where the first new message may be among those that are not loaded", () => {
    const messages = [entry(11, "bob", NOON), entry(12, "bob", NOON)];
    expect(shown({ messages, readUpTo: 5, more: true })).to.not.include("new");
    expect(shown({ messages, readUpTo: 5, more: false })).to.include("new");
  });

  it("say where a log begins anew, also where nothing was written since", () => {
    const broken = { why: "lost", epoch: "e1", seq: 0 } as const;
    expect(shown({ messages: [entry(1, "bob", NOON)], broken })).to.deep.equal(["top", "lost", "day", "1!"]);
    expect(shown({ broken })).to.deep.equal(["top", "lost"]);
    expect(shown({ messages: [entry(1, "bob", NOON)], broken: { ...broken, epoch: "e0" } })).to.not.include("lost");
  });

  it("say that some are missing only until those before them are read", () => {
    const broken = { why: "missed", epoch: "e1", seq: 5 } as const;
    const messages = [entry(5, "bob", NOON), entry(6, "bob", NOON)];
    expect(shown({ messages, broken, more: true })).to.include("missed");
    expect(shown({ messages: [entry(4, "bob", NOON), ...messages], broken })).to.not.include("missed");
  });

  it("lead from a seq to its message, where it is there", () => {
    const messages = [2, 3, 7, 20].map((seq) => entry(seq, "bob", NOON));
    const found = [1, 2, 3, 5, 7, 20, 21].map((seq) => messageAt(messages, seq)?.seq);
    expect(found).to.deep.equal([undefined, 2, 3, undefined, 7, 20, undefined]);
    expect(messageAt([], 1)).to.equal(undefined);
  });
});

describe("the text of a message", () => {
  const called = calledBy([
    { id: "ann", name: "Ann" },
    { id: "a2", name: "Ann Lee" },
    { id: "b1", name: "Bob" },
    { id: "b2", name: "Bob" },
    { id: "x@y.org", name: "منى" },
  ]);
  const short = (text: string) =>
    piecesOf(text, called).map((piece) => {
      if (piece.kind === "text") return piece.text;
      return piece.kind === "link" ? { link: piece.text } : { mention: piece.text, users: piece.users };
    });
  const links = (text: string) =>
    piecesOf(text, called).flatMap((piece) => (piece.kind === "link" ? [piece.href] : []));

  it("is whole again when its pieces are put together, whatever it is", () => {
    for (const text of [
      "",
      "plain",
      "@ann: see https://a.example/x (or https://b.example).",
      "@@ann @",
      "\u202e@Bob\u2066",
      "𝒳@ann𝒳",
    ])
      expect(
        piecesOf(text, called)
          .map((piece) => piece.text)
          .join(""),
      ).to.equal(text);
  });

  it("has links to http and https alone, without the sentence around them", () => {
    expect(links("see https://a.example/x.")).to.deep.equal(["https://a.example/x"]);
    expect(links("(https://a.example/x_(y))")).to.deep.equal(["https://a.example/x_(y)"]);
    expect(links("HTTP://A.EXAMPLE, http://b.example!")).to.deep.equal(["http://a.example/", "http://b.example/"]);
    for (const text of ["javascript:alert(1)", "data:text/html,x", "https://", "ftp://a.example", "//a.example"])
      expect(links(text), text).to.deep.equal([]);
  });

  it("has no link that seems to lead elsewhere than it does", () => {
    expect(links("https://bank.example@evil.example/")).to.deep.equal([]);
    expect(short("https://a.example/\u202egpj.exe")).to.deep.equal([{ link: "https://a.example/" }, "\u202egpj.exe"]);
  });

  it("means people by name or id, the longest name first, and nobody within a word", () => {
    expect(short("hi @Ann Lee!")).to.deep.equal(["hi ", { mention: "@Ann Lee", users: ["a2"] }, "!"]);
    expect(short("@ANN, look")).to.deep.equal([{ mention: "@ANN", users: ["ann"] }, ", look"]);
    expect(short("@Bob")).to.deep.equal([{ mention: "@Bob", users: ["b1", "b2"] }]);
    expect(short("@x@y.org @منى")).to.deep.equal([
      { mention: "@x@y.org", users: ["x@y.org"] },
      " ",
      { mention: "@منى", users: ["x@y.org"] },
    ]);
    for (const text of ["@Annabel", "me@ann", "@nobody", "@", "https://a.example/@ann"])
      expect(
        short(text).some((piece) => typeof piece === "object" && "mention" in piece),
        text,
      ).to.equal(false);
  });

  it("is large where it is a few pictures and nothing else", () => {
    expect(["🎉", "🎉🎉", "👩‍👩‍👧‍👦 ❤️", "🇦🇹", "👍🏽"].map(isPictures)).to.deep.equal([true, true, true, true, true]);
    expect(["", "1", "#", "a🎉", "🎉".repeat(5)].map(isPictures)).to.deep.equal([false, false, false, false, false]);
  });

  it("is taken apart in time, however strange it is", () => {
    const startedAt = performance.now();
    for (const text of [
      "@".repeat(4000),
      " @".repeat(2000),
      `https://a.example/${")".repeat(3980)}`,
      "https://".repeat(500),
      "🎉".repeat(2000),
    ]) {
      piecesOf(text, called);
      isPictures(text);
    }
    expect(performance.now() - startedAt).to.be.below(1_000);
  });

  it("begins a mention with an @ at the caret, until it is no name any more", () => {
    expect(mentionBefore("hi @an", 6)).to.deep.equal({ from: 3, typed: "an" });
    expect(mentionBefore("@", 1)).to.deep.equal({ from: 0, typed: "" });
    expect(mentionBefore("hi @ann le", 10)).to.deep.equal({ from: 3, typed: "ann le" });
    for (const text of ["me@an", "hi", "@ an", "@ann le e", "@ann\nx"])
      expect(mentionBefore(text, text.length), text).to.equal(undefined);
  });

  it("offers those whose name begins so, then those with a word that does", () => {
    const people = [
      { id: "1", name: "Mary Ann" },
      { id: "2", name: "Ann" },
      { id: "3", name: "Bob" },
      { id: "annika", name: "Nika" },
    ];
    expect(candidatesFor("AN", people, 8).map(({ id }) => id)).to.deep.equal(["2", "annika", "1"]);
    expect(candidatesFor("", people, 2)).to.have.length(2);
    expect(candidatesFor("x", people, 8)).to.deep.equal([]);
  });
});
