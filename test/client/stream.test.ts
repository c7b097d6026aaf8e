import { expect } from "chai";
import { RequestError } from "../../client/failure.ts";
import { createStream } from "../../client/stream.ts";

const MOST_WAITING = 10_000;

/** A reader that has begun, as `for await` begins it. */
const readerOf = <T>(stream: AsyncIterable<T, undefined>) => stream[Symbol.asyncIterator]();

describe("a stream", () => {
  it("tells listeners each value once, in order, until they end it", () => {
    const stream = createStream<number>();
    const heard: string[] = [];
    const ends = ["one", "other"].map((name) => stream.listen((value) => heard.push(`${name} ${value}`)));
    stream.tell(1);
    ends[0]?.();
    stream.tell(2);
    expect(heard).to.deep.equal(["one 1", "other 1", "other 2"]);
  });

  it("gives a reader all that is told from its beginning on, also before it asks, in order", async () => {
    const stream = createStream<number>();
    stream.tell(0);
    const reader = readerOf(stream);
    stream.tell(1);
    stream.tell(2);
    const asked = [reader.next(), reader.next(), reader.next(), reader.next()];
    stream.tell(3);
    stream.tell(4);
    const values = (await Promise.all(asked)).map(({ value }) => value);
    expect(values).to.deep.equal([1, 2, 3, 4]);
  });

  it("gives each reader everything, and ends a loop that waits as well as one that is behind", async () => {
    const stream = createStream<string>();
    const loop = async () => {
      const read: string[] = [];
      for await (const value of stream) read.push(value);
      return read;
    };
    const loops = [loop(), loop()];
    stream.tell("a");
    stream.tell("b");
    stream.end();
    stream.tell("c");
    expect(await Promise.all(loops)).to.deep.equal([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(await loop(), "one that comes too late").to.deep.equal([]);
  });

  it("keeps nothing for a reader that has broken off", async () => {
    const stream = createStream<number>();
    const reader = readerOf(stream);
    stream.tell(1);
    const left = reader.return?.();
    stream.tell(2);
    expect(await left).to.deep.equal({ done: true, value: undefined });
    expect(await reader.next()).to.deep.equal({ done: true, value: undefined });
  });

  it("gives up a reader for which more than 10,000 wait, tells it so once, and keeps nothing for it", async () => {
    const stream = createStream<number>();
    const [slow, quick] = [readerOf(stream), readerOf(stream)];
    for (let value = 0; value < MOST_WAITING; value++) stream.tell(value);
    for (let value = 0; value < MOST_WAITING; value++) expect((await quick.next()).value).to.equal(value);
    stream.tell(MOST_WAITING);
    const failed: unknown = await slow.next().catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(RequestError).and.to.include({ code: "slow_consumer" });
    expect(await slow.next()).to.deep.equal({ done: true, value: undefined });
    expect(await quick.next()).to.deep.equal({ done: false, value: MOST_WAITING });
  });

  it("says nothing of a slow reader that never asks again", async () => {
    const stream = createStream<number>();
    const reader = readerOf(stream);
    for (let value = 0; value <= MOST_WAITING; value++) stream.tell(value);
    expect(await reader.return?.()).to.deep.equal({ done: true, value: undefined });
    expect(await reader.next()).to.deep.equal({ done: true, value: undefined });
  });
});
