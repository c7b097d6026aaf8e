import { expect } from "chai";
import {
  type Column,
  heightAt,
  heightOf,
  layOut,
  type Place,
  placeOf,
  resized,
  rowAt,
  spanOf,
  topOf,
  topToShow,
} from "../../client/web/chat/virtual.ts";
import { seededRandom } from "../kit/random.ts";

const names = (count: number, first = 0) => Array.from({ length: count }, (_row, index) => `row ${first + index}`);
const even = (count: number, height = 10) => layOut(names(count), () => height);

/** How far below the top of a view a row begins. */
const offsetOf = (column: Column, key: string, top: number) => (column.tops[column.indexOf(key) ?? -1] ?? NaN) - top;

describe("the arithmetic of a virtual column", () => {
  it("lays rows out one below the other, and finds each by its name", () => {
    const column = layOut(["a", "b", "c"], (index) => [10, 20, 30][index] ?? 0);
    expect([...column.tops]).to.deep.equal([0, 10, 30, 60]);
    expect(heightOf(column)).to.equal(60);
    expect(["a", "b", "c", "d"].map(column.indexOf)).to.deep.equal([0, 1, 2, undefined]);
  });

  it("finds the row at a height, and the nearest one beyond both ends", () => {
    const column = layOut(names(3), (index) => [10, 20, 30][index] ?? 0);
    expect([-5, 0, 9, 10, 29.5, 30, 59, 60, 1000].map((y) => rowAt(column, y))).to.deep.equal([
      0, 0, 0, 1, 1, 2, 2, 2, 2,
    ]);
    expect(rowAt(even(0), 5)).to.equal(0);
  });

  it("draws the rows in the view and a margin around it, however many there are", () => {
    const column = even(10_000);
    expect(spanOf(column, { top: 5000, height: 100 }, 0)).to.deep.equal({ from: 500, to: 511 });
    expect(spanOf(column, { top: 5000, height: 100 }, 50)).to.deep.equal({ from: 495, to: 516 });
    expect(spanOf(column, { top: 0, height: 100 }, 50)).to.deep.equal({ from: 0, to: 16 });
    expect(spanOf(column, { top: 99_900, height: 100 }, 50)).to.deep.equal({ from: 9985, to: 10_000 });
    expect(spanOf(even(0), { top: 0, height: 100 }, 50)).to.deep.equal({ from: 0, to: 0 });
  });

  it("takes over measured heights, and leaves the column as it was to whoever has it", () => {
    const column = even(4);
    const next = resized(column, new Map([[1, 25]]));
    expect([...next.tops]).to.deep.equal([0, 10, 35, 45, 55]);
    expect(heightAt(next, 1)).to.equal(25);
    expect([...column.tops]).to.deep.equal([0, 10, 20, 30, 40]);
    expect([...resized(column, new Map()).tops]).to.deep.equal([...column.tops]);
  });

  it("follows the end for whoever is there, or nearly, and for nobody else", () => {
    const column = even(100);
    expect(placeOf(column, { top: 900, height: 100 })).to.equal("end");
    expect(placeOf(column, { top: 880, height: 100 })).to.equal("end");
    expect(placeOf(column, { top: 800, height: 100 })).to.not.equal("end");
    expect(placeOf(even(3), { top: 0, height: 100 }), "all of it is in the view").to.equal("end");
    const longer = even(120);
    expect(topOf(longer, "end", { top: 900, height: 100 })).to.equal(1100);
    expect(topOf(longer, "end", { top: 1100, height: 60 }), "a smaller view").to.equal(1140);
    expect(topOf(even(3), "end", { top: 0, height: 100 })).to.equal(0);
  });

  it("keeps a reader where he is when rows are put before what he reads", () => {
    const column = even(100);
    const view = { top: 123, height: 100 };
    const older = layOut([...names(50, 1000), ...names(100)], (index) => (index < 50 ? 33 : 10));
    const top = topOf(older, placeOf(column, view), view);
    expect(top).to.equal(123 + 50 * 33);
    expect(offsetOf(older, "row 12", top)).to.equal(offsetOf(column, "row 12", view.top));
  });

  it("keeps him there when a row that he sees is gone, by the next one that is left", () => {
    const column = even(100);
    const view = { top: 500, height: 100 };
    const place = placeOf(column, view);
    const without = layOut(
      names(100).filter((name) => name !== "row 50" && name !== "row 51"),
      () => 10,
    );
    expect(offsetOf(without, "row 52", topOf(without, place, view))).to.equal(20);
  });

  it("stays within the column where nothing is left of what he saw", () => {
    const column = even(100);
    const view = { top: 500, height: 100 };
    const others = layOut(names(20, 5000), () => 10);
    expect(topOf(others, placeOf(column, view), view)).to.equal(100);
    expect(topOf(even(0), placeOf(column, view), view)).to.equal(0);
  });

  it("shows a row with a part of the room above it, as far as the column goes", () => {
    const column = even(100);
    expect(topToShow(column, 50, 110, 0.5)).to.equal(450);
    expect(topToShow(column, 50, 110, 0)).to.equal(500);
    expect(topToShow(column, 1, 110, 0.5)).to.equal(0);
    expect(topToShow(column, 99, 110, 0)).to.equal(890);
    const tall = layOut(names(3), (index) => (index === 1 ? 500 : 10));
    expect(topToShow(tall, 1, 100, 0.5), "higher than the view: from its top").to.equal(10);
  });

  it("moves nothing that one reads, whatever is put in, measured or taken away around it (300 seeds)", () => {
    for (let seed = 1; seed <= 300; seed++) scroll(seed);
  });
});

/** Somebody scrolls about while pages come in above, messages below, and rows turn out to be of other heights. */
function scroll(seed: number): void {
  const random = seededRandom(seed);
  const height = 50 + random.below(400);
  const heights = new Map<string, number>();
  const guess = (key: string) => heights.get(key) ?? 20;
  let [oldest, newest] = [0, 30 + random.below(100)];
  const lay = () => {
    const keys = names(newest - oldest, oldest);
    return layOut(keys, (index) => guess(keys[index] ?? ""));
  };
  let column = lay();
  let top = topOf(column, "end", { top: 0, height });
  for (let step = 0; step < 40; step++) {
    const last = Math.max(heightOf(column) - height, 0);
    if (random.percent(50)) top = Math.min(Math.max(top - 200 + random.below(400), 0), last);
    const place: Place = placeOf(column, { top, height });
    const before = column;
    const what = random.below(3);
    if (what === 0) oldest -= random.below(50);
    else if (what === 1) newest += random.below(5);
    const changes = measured(random.below(10), random, heights, column);
    column = what === 2 ? resized(column, changes) : lay();
    const next = topOf(column, place, { top, height });
    const end = Math.max(heightOf(column) - height, 0);
    if (place === "end") expect(next, `seed ${seed}, step ${step}: the end`).to.equal(end);
    else expectSame(before, column, { seed, step, place, top, next, end });
    top = next;
  }
}

function measured(
  count: number,
  random: ReturnType<typeof seededRandom>,
  heights: Map<string, number>,
  column: Column,
) {
  const changes = new Map<number, number>();
  for (let left = count; left > 0; left--) {
    const index = random.below(column.keys.length);
    const height = 5 + random.below(90);
    changes.set(index, height);
    heights.set(column.keys[index] ?? "", height);
  }
  return changes;
}

interface Moved {
  readonly seed: number;
  readonly step: number;
  readonly place: Exclude<Place, "end">;
  readonly top: number;
  readonly next: number;
  readonly end: number;
}

function expectSame(before: Column, after: Column, { seed, step, place, top, next, end }: Moved): void {
  const key = place[0]?.key ?? "";
  const wanted = offsetOf(before, key, top);
  const found = offsetOf(after, key, next);
  // Only where the column ends can it not be had.
  if (next > 0 && next < end) expect(found, `seed ${seed}, step ${step}: ${key}`).to.be.closeTo(wanted, 1e-6);
}
