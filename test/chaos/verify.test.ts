import { expect } from "chai";
import type { Acknowledged, Heard, Place, Records } from "./records.ts";
import { verify, type Verdict } from "./verify.ts";

const room = "lobby";

/** `count` messages of an epoch, from `first` on. */
const places = (epoch: string, first: number, count: number): Place[] =>
  Array.from({ length: count }, (_, index) => ({
    epoch,
    seq: first + index,
    message: `ann ${epoch}-${first + index}`,
  }));

const live = (entries: readonly Place[], connection = 1): Heard[] =>
  entries.map((entry) => ({ what: "entry", connection, ...entry }));

/** The ack of a join. */
const joined = (more: Partial<Extract<Heard, { what: "joined" }>> = {}): Heard => ({
  what: "joined",
  connection: 1,
  epoch: "a",
  head: 0,
  recovered: null,
  entries: [],
  ...more,
});

/** What came of sends, all of them answered at `atMs`. */
const acks = (entries: readonly Place[], atMs = 0): Acknowledged[] =>
  entries.map((entry) => ({ ...entry, room, duplicate: false, atMs }));

const TEN = places("a", 1, 10);
/** The first six, in the epoch that began after a rollback to there, and three that were written then. */
const ROLLED = [...TEN.slice(0, 6).map((place) => ({ ...place, epoch: "b" })), ...places("b", 7, 3)];
const ROLLBACK = { fault: "tail lost", fromMs: 10, untilMs: 20 };

/** Ten messages, all acknowledged, stored, and heard by one member; `more` says what is different. */
function records({ heard = [joined(), ...live(TEN)], ...more }: Partial<Records> & { heard?: Heard[] } = {}): Records {
  return {
    acknowledged: acks(TEN),
    memberships: [{ member: "bob", room, heard }],
    logs: [{ room, epoch: "a", entries: TEN }],
    losses: [],
    ...more,
  };
}

/** Acknowledged as ten, rolled back to six, written on. */
const rolledBack = (heard: Heard[], more: Partial<Records> = {}): Records =>
  records({
    heard,
    acknowledged: [...acks(TEN.slice(0, 6)), ...acks(TEN.slice(6), 15), ...acks(ROLLED.slice(6), 30)],
    logs: [{ room, epoch: "b", entries: ROLLED }],
    losses: [ROLLBACK],
    ...more,
  });

const page = (entries: readonly Place[], epoch: string): Heard => ({ what: "page", connection: 1, epoch, entries });

const kindsOf = ({ violations }: Verdict) => [...new Set(violations.map(({ kind }) => kind))].toSorted();

describe("the delivery verifier", () => {
  describe("accepts", () => {
    const clean: Record<string, Records> = {
      "what was heard live": records(),
      "what came with an ack after a cut": records({
        heard: [
          joined(),
          ...live(TEN.slice(0, 4)),
          joined({ connection: 2, since: { epoch: "a", seq: 4 }, head: 8, recovered: true, entries: TEN.slice(4, 6) }),
          ...live(TEN.slice(6), 2),
        ],
      }),
      "a late joiner who reads what was before": records({
        heard: [
          joined({ head: 8, entries: TEN.slice(6, 8) }),
          ...live(TEN.slice(8, 9)),
          page(TEN.slice(0, 6), "a"),
          ...live(TEN.slice(9)),
        ],
      }),
      "a rollback that was told as a reset": rolledBack([
        joined(),
        ...live(TEN),
        { what: "reset", connection: 1, epoch: "b", head: 6 },
        page(ROLLED.slice(0, 6), "b"),
        ...live(ROLLED.slice(6)),
      ]),
      "a rollback that was told to a listener who had not been beyond it": rolledBack([
        joined(),
        ...live(TEN.slice(0, 5)),
        { what: "reset", connection: 1, epoch: "b", head: 5 },
        ...live(ROLLED.slice(5)),
        page(ROLLED.slice(0, 5), "b"),
      ]),
      "a rollback that was told when joining again": rolledBack([
        joined(),
        ...live(TEN),
        joined({
          connection: 2,
          since: { epoch: "a", seq: 10 },
          epoch: "b",
          head: 8,
          recovered: false,
          entries: ROLLED.slice(0, 8),
        }),
        ...live(ROLLED.slice(8), 2),
      ]),
      "a message that was answered again under its id": records({
        acknowledged: [...acks(TEN), { ...acks(TEN)[3]!, duplicate: true }],
      }),
    };
    for (const [title, each] of Object.entries(clean))
      it(title, () => expect(verify(each).violations).to.deep.equal([]));

    it("and counts what was given again before a loss was noticed", () => {
      const told = rolledBack([joined({ epoch: "b", head: 9, entries: ROLLED })]);
      const again = acks([{ ...ROLLED[6]!, epoch: "a" }], 19);
      const twice = { ...told, acknowledged: [...told.acknowledged, ...again] };
      expect(verify(twice)).to.deep.equal({ violations: [], lost: 4, epochs: 1, again: 1 });
    });

    it("and counts what was lost with an excuse, and the epochs that it took", () => {
      const told = rolledBack([joined({ epoch: "b", head: 9, entries: ROLLED })]);
      expect(verify(told)).to.deep.equal({ violations: [], lost: 4, epochs: 1, again: 0 });
    });
  });

  describe("catches", () => {
    const reset: Heard = { what: "reset", connection: 1, epoch: "b", head: 6 };
    const planted: Record<string, [Records, Verdict["violations"][number]["kind"][]]> = {
      "a message that was never heard": [records({ heard: [joined(), ...live(TEN.toSpliced(4, 1))] }), ["lost"]],
      "a last message that was never heard": [records({ heard: [joined(), ...live(TEN.slice(0, 9))] }), ["lost"]],
      "a missed message that was only found by reading": [
        records({ heard: [joined(), ...live(TEN.toSpliced(4, 1)), page(TEN, "a")] }),
        ["lost"],
      ],
      "a message that was heard twice": [
        records({ heard: [joined(), ...live(TEN.toSpliced(4, 0, ...TEN.slice(4, 5)))] }),
        ["doubled"],
      ],
      "a message that was heard again much later": [
        records({ heard: [joined(), ...live(TEN), ...live(TEN.slice(2, 3))] }),
        ["doubled"],
      ],
      "a message that was heard at two places": [
        records({
          acknowledged: acks(TEN.slice(0, 9)),
          logs: [{ room, epoch: "a", entries: TEN.toSpliced(9, 1, { ...TEN[0]!, seq: 10 }) }],
          heard: [joined(), ...live(TEN.toSpliced(9, 1, { ...TEN[0]!, seq: 10 }))],
        }),
        ["doubled"],
      ],
      "two messages that changed places": [
        records({ heard: [joined(), ...live(TEN.toSpliced(4, 2, TEN[5]!, TEN[4]!))] }),
        ["swapped"],
      ],
      "a hole across a resume": [
        records({
          heard: [
            joined(),
            ...live(TEN.slice(0, 4)),
            joined({ connection: 2, since: { epoch: "a", seq: 4 }, head: 10, recovered: true, entries: TEN.slice(5) }),
          ],
        }),
        ["lost"],
      ],
      "a resume that tells again": [
        records({
          heard: [
            joined(),
            ...live(TEN.slice(0, 4)),
            joined({ connection: 2, since: { epoch: "a", seq: 4 }, head: 10, recovered: true, entries: TEN.slice(3) }),
          ],
        }),
        ["doubled"],
      ],
      "an entry before the ack of its connection's join": [
        records({
          heard: [
            joined(),
            ...live(TEN.slice(0, 4)),
            ...live(TEN.slice(4, 5), 2),
            joined({ connection: 2, since: { epoch: "a", seq: 5 }, head: 10, recovered: true, entries: TEN.slice(5) }),
          ],
        }),
        ["early"],
      ],
      "a seq that was silently given again": [
        records({ acknowledged: [...acks(TEN), ...acks([{ ...TEN[9]!, message: "eve other" }])] }),
        ["reused", "unstored"],
      ],
      "a seq that was given again in an epoch that went on": [
        rolledBack([joined({ epoch: "b", head: 9, entries: ROLLED })], {
          acknowledged: [
            ...acks(TEN.slice(0, 6)),
            ...acks(TEN.slice(6), 15),
            ...acks([{ ...ROLLED[6]!, epoch: "a" }], 40),
          ],
        }),
        ["reused"],
      ],
      "a seq that one member heard as another message": [
        records({ heard: [joined(), ...live(TEN.toSpliced(4, 1, { ...TEN[4]!, message: "eve other" }))] }),
        ["reused", "untold"],
      ],
      "an ack of what was never stored": [
        records({ acknowledged: acks([...TEN, ...places("a", 11, 1)]) }),
        ["unstored"],
      ],
      "an ack with the place of another": [
        records({ acknowledged: acks([...TEN.slice(1), { ...TEN[0]!, seq: 200 }]) }),
        ["unstored"],
      ],
      "an id that was acknowledged at two places": [
        records({ acknowledged: acks([...TEN, { ...TEN[9]!, seq: 11 }]) }),
        ["doubled", "unstored"],
      ],
      "a message that is twice in the log": [
        records({
          acknowledged: acks(TEN.slice(0, 9)),
          logs: [{ room, epoch: "a", entries: [...TEN.slice(0, 9), { ...TEN[8]!, seq: 10 }] }],
          heard: [joined({ head: 10, entries: [...TEN.slice(0, 9), { ...TEN[8]!, seq: 10 }] })],
        }),
        ["doubled"],
      ],
      "a hole in the log": [
        records({
          acknowledged: acks(TEN.toSpliced(4, 1)),
          logs: [{ room, epoch: "a", entries: TEN.toSpliced(4, 1) }],
          heard: [joined({ head: 10, entries: TEN.toSpliced(4, 1) })],
        }),
        ["lost"],
      ],
      "a rollback that was not told": [rolledBack([joined(), ...live(TEN)]), ["untold"]],
      "a rollback that went on as if nothing was": [
        rolledBack([joined(), ...live(TEN.slice(0, 6)), ...live(ROLLED.slice(6))]),
        ["untold"],
      ],
      "a resume over a change of epoch as if nothing was": [
        rolledBack([
          joined(),
          ...live(TEN.slice(0, 6)),
          joined({
            connection: 2,
            since: { epoch: "a", seq: 6 },
            epoch: "b",
            head: 9,
            recovered: true,
            entries: ROLLED.slice(6),
          }),
        ]),
        ["untold"],
      ],
      "what was heard again after a reset": [
        rolledBack([joined(), ...live(TEN), reset, page(ROLLED, "b"), ...live(ROLLED.slice(5))]),
        ["doubled"],
      ],
      "a loss that no fault excuses": [
        rolledBack([joined(), ...live(TEN), reset, page(ROLLED, "b"), ...live(ROLLED.slice(6))], {
          losses: [{ ...ROLLBACK, fromMs: 16 }],
        }),
        ["lost"],
      ],
      "a new epoch for no reason": [
        rolledBack([joined(), ...live(TEN), reset, page(ROLLED, "b"), ...live(ROLLED.slice(6))], { losses: [] }),
        ["lost", "needless"],
      ],
      "a reset within an epoch": [
        records({
          heard: [
            joined(),
            ...live(TEN.slice(0, 4)),
            { ...reset, epoch: "a", head: 4 },
            page(TEN, "a"),
            ...live(TEN.slice(4)),
          ],
        }),
        ["needless"],
      ],
      "a resume that was refused within an epoch": [
        records({
          heard: [
            joined(),
            ...live(TEN.slice(0, 4)),
            joined({ connection: 2, since: { epoch: "a", seq: 4 }, head: 10, recovered: false, entries: TEN }),
          ],
        }),
        ["needless"],
      ],
    };
    for (const [title, [each, kinds]] of Object.entries(planted))
      it(title, () => expect(kindsOf(verify(each))).to.deep.equal(kinds.toSorted()));
  });
});
