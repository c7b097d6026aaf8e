import { expect } from "chai";
import { silent, type Logger } from "../../src/logger.ts";
import type { Sample } from "../../src/namespaces/monitor/sample.ts";
import { createSampler, type Meter, type Sampler } from "../../src/namespaces/monitor/sampler.ts";
import { fakeClock, type FakeClock } from "../kit/clock.ts";

interface Bench {
  readonly clock: FakeClock;
  readonly sampler: Sampler;
  /** Seconds since the start at which something was published. */
  readonly published: number[];
  readonly warnings: string[];
  readonly meters: { open: number; closed: number };
}

function bench(read: () => Promise<void> = async () => {}, open: () => Promise<void> = async () => {}): Bench {
  const clock = fakeClock();
  const startAt = clock.now();
  const published: number[] = [];
  const warnings: string[] = [];
  const meters = { open: 0, closed: 0 };
  const logger: Logger = { ...silent, warn: (_fields, message) => void warnings.push(message) };
  const meter: Meter = {
    async read() {
      const at = clock.now();
      await read();
      return { host: "bell", at } as Sample;
    },
    close: () => void (meters.closed += 1),
  };
  const sampler = createSampler({
    clock,
    logger,
    async open() {
      meters.open += 1;
      await open();
      return meter;
    },
    publish: ({ at }) => void published.push((at - startAt) / 1000),
  });
  return { clock, sampler, published, warnings, meters };
}

/** A gate that holds back whoever awaits it while it is shut. */
function gate() {
  let release: (() => void) | undefined;
  let held: Promise<void> | undefined;
  return {
    pass: () => held ?? Promise.resolve(),
    shut: () => void (held = new Promise((resolve) => (release = resolve))),
    lift() {
      held = undefined;
      release?.();
    },
  };
}

describe("the sampler", () => {
  it("does nothing before it is started, and nothing after it was stopped", async () => {
    const { clock, sampler, published, meters } = bench();
    await clock.advance(5000);
    expect(clock.pending).to.equal(0);
    expect(meters).to.deep.equal({ open: 0, closed: 0 });

    sampler.start();
    await clock.advance(3000);
    sampler.stop();
    await clock.advance(3000);

    expect(published).to.deep.equal([1, 2, 3].map((second) => second + 5));
    expect(clock.pending).to.equal(0);
    expect(meters).to.deep.equal({ open: 1, closed: 1 });
  });

  it("samples once a second however often it is started", async () => {
    const { clock, sampler, published, meters } = bench();
    sampler.start();
    sampler.start();
    await clock.advance(2000);
    sampler.stop();
    sampler.stop();

    expect(published).to.deep.equal([1, 2]);
    expect(meters).to.deep.equal({ open: 1, closed: 1 });
  });

  it("never takes two samples at once: a slow one leaves a gap, and the log says so once", async () => {
    const door = gate();
    let reading = 0;
    const { clock, sampler, published, warnings } = bench(async () => {
      reading += 1;
      expect(reading).to.equal(1);
      await door.pass();
      reading -= 1;
    });
    sampler.start();
    await clock.advance(1000);
    door.shut();
    await clock.advance(3000);
    door.lift();
    await clock.advance(2000);
    sampler.stop();

    expect(published).to.deep.equal([1, 2, 5, 6]);
    expect(warnings).to.have.length(1);
  });

  it("leaves a gap where no sample can be taken, logs each streak once, and goes on", async () => {
    let broken = false;
    const { clock, sampler, published, warnings } = bench(async () => {
      if (broken) throw new Error("no /proc");
    });
    sampler.start();
    await clock.advance(1000);
    for (const state of [true, false, true, false]) {
      broken = state;
      await clock.advance(2000);
    }
    sampler.stop();

    expect(published).to.deep.equal([1, 4, 5, 8, 9]);
    expect(warnings).to.deep.equal(["no sample could be taken", "no sample could be taken"]);
  });

  it("tries again to open what could not be opened", async () => {
    let attempts = 0;
    const { clock, sampler, published, warnings } = bench(undefined, async () => {
      attempts += 1;
      if (attempts < 3) throw new Error("not installed");
    });
    sampler.start();
    await clock.advance(4000);
    sampler.stop();

    expect(published).to.deep.equal([3, 4]);
    expect(warnings).to.have.length(1);
  });

  it("publishes nothing that was still being taken when it was stopped, and closes its meter once", async () => {
    const door = gate();
    const { clock, sampler, published, meters } = bench(() => door.pass());
    sampler.start();
    await clock.advance(1000);
    door.shut();
    await clock.advance(1000);
    sampler.stop();
    expect(meters.closed).to.equal(0);
    door.lift();
    await clock.advance(1000);

    expect(published).to.deep.equal([1]);
    expect(meters).to.deep.equal({ open: 1, closed: 1 });
  });

  it("closes a meter that was still being opened when it was stopped", async () => {
    const door = gate();
    door.shut();
    const { clock, sampler, meters } = bench(undefined, () => door.pass());
    sampler.start();
    sampler.stop();
    door.lift();
    await clock.advance(0);

    expect(meters).to.deep.equal({ open: 1, closed: 1 });
  });

  it("starts anew with a meter of its own, whatever the last run still waits for", async () => {
    const door = gate();
    const { clock, sampler, published, meters } = bench(() => door.pass());
    sampler.start();
    await clock.advance(1000);
    door.shut();
    await clock.advance(1000);
    sampler.stop();
    sampler.start();
    door.lift();
    await clock.advance(2000);
    sampler.stop();

    expect(published).to.deep.equal([1, 3, 4]);
    expect(meters).to.deep.equal({ open: 2, closed: 2 });
  });
});
