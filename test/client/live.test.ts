import { expect } from "chai";
import { createListeners, createLive } from "../../client/live.ts";
import { turns } from "../kit/wait.ts";

/** A live value of a number that is set from outside. */
function counter() {
  let count = 0;
  let builds = 0;
  const live = createLive(() => {
    builds++;
    return { count };
  });
  return {
    ...live,
    builds: () => builds,
    set(value: number) {
      count = value;
      live.changed();
    },
  };
}

/** What is thrown outside of everything while `act` runs. */
async function uncaughtOf(act: () => Promise<void>): Promise<unknown[]> {
  const caught: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException").on("uncaughtException", (error) => caught.push(error));
  try {
    await act();
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  }
  return caught;
}

describe("a live value", () => {
  it("is the same object until it changes, and built only when somebody looks", () => {
    const value = counter();
    expect(value.builds()).to.equal(0);
    const first = value.getSnapshot();
    expect(value.getSnapshot()).to.equal(first);
    value.set(1);
    value.set(2);
    expect(value.builds()).to.equal(1);
    expect(value.getSnapshot()).to.deep.equal({ count: 2 });
    expect(first).to.deep.equal({ count: 0 });
    expect(value.builds()).to.equal(2);
  });

  it("tells once of all that changes in one turn, after it", async () => {
    const value = counter();
    const told: number[] = [];
    const end = value.subscribe(() => told.push(value.getSnapshot().count));
    value.set(1);
    value.set(2);
    expect(told).to.deep.equal([]);
    await turns(1);
    expect(told).to.deep.equal([2]);
    value.set(3);
    await turns(1);
    expect(told).to.deep.equal([2, 3]);
    end();
    value.set(4);
    await turns(1);
    expect(told).to.deep.equal([2, 3]);
    expect(value.getSnapshot()).to.deep.equal({ count: 4 });
  });

  it("tells of what a listener changes, in another round", async () => {
    const value = counter();
    const told: number[] = [];
    value.subscribe(() => {
      const { count } = value.getSnapshot();
      told.push(count);
      if (count < 3) value.set(count + 1);
    });
    value.set(1);
    await turns();
    expect(told).to.deep.equal([1, 2, 3]);
  });

  it("tells a listener twice that subscribed twice, until each is let go", async () => {
    const value = counter();
    let told = 0;
    const listener = () => void told++;
    const [first, second] = [value.subscribe(listener), value.subscribe(listener)];
    value.set(1);
    await turns(1);
    expect(told).to.equal(2);
    first();
    first();
    value.set(2);
    await turns(1);
    expect(told).to.equal(3);
    second();
    value.set(3);
    await turns(1);
    expect(told).to.equal(3);
  });

  it("tells nobody who was let go in the same round, and those who came in it only of the next", async () => {
    const value = counter();
    const told: string[] = [];
    value.subscribe(() => {
      told.push("first");
      endSecond();
      value.subscribe(() => told.push("late"));
    });
    const endSecond = value.subscribe(() => told.push("second"));
    value.set(1);
    await turns(1);
    expect(told).to.deep.equal(["first"]);
  });

  it("tells the others though one throws, and does not hide what it threw", async () => {
    const value = counter();
    const told: number[] = [];
    const failure = new Error("thrown by a listener");
    value.subscribe(() => {
      throw failure;
    });
    value.subscribe(() => told.push(value.getSnapshot().count));
    const caught = await uncaughtOf(async () => {
      value.set(1);
      await turns();
      value.set(2);
      await turns();
    });
    expect(told).to.deep.equal([1, 2]);
    expect(caught).to.deep.equal([failure, failure]);
  });
});

describe("listeners", () => {
  it("are given what is told, and nothing after they were cleared", () => {
    const listeners = createListeners<[string, number]>();
    const heard: unknown[] = [];
    listeners.add((...told) => heard.push(told));
    listeners.tell("a", 1);
    listeners.clear();
    listeners.tell("b", 2);
    expect(heard).to.deep.equal([["a", 1]]);
  });
});
