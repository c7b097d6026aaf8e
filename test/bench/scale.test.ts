import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Manager } from "socket.io-client";
import { REPOSITORY } from "./repository.ts";
import { extrapolate, type Slopes, slopeNames, slopesOf } from "./scale/extrapolation.ts";
import * as figure from "./scale/figures.ts";
import { limitIn } from "./scale/limits.ts";
import { markdown } from "./scale/markdown.ts";
import { pageParts } from "./scale/page.ts";
import type { Part } from "./scale/part.ts";
import { type PartName, PARTS, type Sizes } from "./scale/plan.ts";
import { type Measured, readResults, type Results, writeResults } from "./scale/results.ts";
import { backoffMs } from "./scale/storm/backoff.ts";
import { Followed } from "./scale/storm/followed.ts";
import { readEnvironment } from "./report/environment.ts";
import { insert } from "./report/insert.ts";
import * as common from "./workloads/figures.ts";

const TIMES = { settleSeconds: 0.1, idleSeconds: 0.1, warmSeconds: 0.1 };
const CROWD = { ...TIMES, connections: 60, first: 20, rooms: 20, roomsEach: 5, perSec: 40, seconds: 0.5 };

const SMALL: Sizes = {
  memory: CROWD,
  redis: CROWD,
  storm: {
    clients: 60,
    rooms: 20,
    roomsEach: 3,
    others: 20,
    perSec: 40,
    warmSeconds: 0.1,
    beforeSeconds: 0.3,
    seconds: 2,
    withinSeconds: 30,
  },
  rooms: { ...TIMES, clients: 4, roomsEach: 5, first: 2, perSec: 40, seconds: 0.5 },
  growth: { rooms: [10, 20], members: 2, perSec: 40, pace: { warmSeconds: 0.1, seconds: 0.5 }, pinned: false },
  subscribers: { few: 1, many: 3, messages: 200 },
  pinned: false,
};

/** All but `growth`, which is one of the workloads of `npm run bench`. */
const NAMES = (Object.keys(PARTS) as PartName[]).filter((name) => name !== "growth");

describe("the measurements of scale", function () {
  this.timeout(60_000);

  const parts = new Map<PartName, Part>();

  const figures = (name: PartName): Part["figures"] => {
    const part = parts.get(name);
    expect(part?.failed).to.equal(undefined);
    return part?.figures ?? {};
  };

  // Side by side: most of their time is that of starting processes.
  before(async () => {
    await Promise.all(NAMES.map(async (name) => parts.set(name, await PARTS[name](SMALL))));
  });

  it("let everybody into all rooms, and deliver each message to each member", () => {
    const expected = { [common.MESSAGES]: 20, [common.ACKS]: 20, [common.DELIVERIES]: 20 * 15 };
    for (const name of ["memory", "redis"] as const) {
      expect(figures(name)).to.include({ [figure.CONNECTIONS]: 60, [figure.EXPECTED]: 20 * 15, ...expected });
      expect(figures(name)).to.include.keys(common.RSS_PER_CONNECTION, figure.IDLE_CPU, common.CPU_PER_DELIVERY);
    }
    expect(figures("redis")).to.include.keys(figure.REDIS_KB_PER_CONNECTION, figure.REDIS_IDLE_CPU);
  });

  it("kill a worker, and see everybody back with all that was missed, while the others go on", () => {
    expect(figures("storm")).to.include({
      [figure.STORM_CLIENTS]: 60,
      [figure.BACK]: 60,
      [figure.MISSING]: 0,
      [figure.DOUBLED]: 0,
      [figure.UNRECOVERED]: 0,
      [figure.BEHIND]: 0,
    });
    expect(figures("storm")[figure.ATTEMPTS]).to.be.at.least(60);
    // A stock client waits for half a second at least.
    expect(figures("storm")[figure.BACK_P50]).to.be.above(0.5);
  });

  it("open rooms on two workers, and hear on one what is said on the other", () => {
    expect(figures("rooms")).to.include({ [figure.ROOMS]: 20, [common.MESSAGES]: 20, [common.DELIVERIES]: 40 });
  });

  it("give all that the extrapolation stands on, and write it down with what it was made by", async () => {
    const made = { command: "npm test", date: new Date().toISOString(), environment: readEnvironment() };
    const results: Results = Object.fromEntries([...parts].map(([name, part]) => [name, { ...part, ...made }]));
    for (const [, slope] of slopeNames) expect(results[slope.part]?.figures).to.include.keys(slope.figure);
    const folder = await mkdtemp(join(tmpdir(), "carillon-scale-"));
    try {
      await writeResults(folder, results);
      expect(await readResults(folder)).to.deep.equal(results);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const report = markdown(results);
    expect(report.split("`npm test` on ")).to.have.lengthOf(NAMES.length + 1);
    expect(report).to.include(process.version).and.to.include(`| ${figure.BACK}`);
    expect(slopesOf(results)).to.be.an("object");
    expect(slopesOf({ ...results, rooms: undefined as unknown as Measured })).to.equal(undefined);
  });

  it("put into docs/scaling.md what docs/bench/scale.json says, and nothing else", async () => {
    const page = await readFile(join(REPOSITORY, "docs/scaling.md"), "utf8");
    const upToDate = insert(page, pageParts(await readResults(join(REPOSITORY, "docs/bench"))));
    expect(page === upToDate, "the page shows other figures than the JSON has").to.equal(true);
  });
});

describe("a client of a storm", () => {
  it("waits as long as a stock client does for the same random number, attempt by attempt", () => {
    const { random } = Math;
    try {
      for (const number of [0, 0.049, 0.1, 0.25, 0.5, 0.77, 0.999]) {
        Math.random = () => number;
        const { backoff } = new Manager("http://localhost", { autoConnect: false }) as unknown as {
          backoff: { duration(): number };
        };
        for (let attempts = 0; attempts < 6; attempts++)
          expect(backoffMs(attempts, number)).to.equal(backoff.duration());
      }
    } finally {
      Math.random = random;
    }
  });

  it("finds what is missing, what came twice, and a join that could not go on", () => {
    const followed = new Followed();
    expect(followed.since).to.equal(undefined);
    followed.joined({ room: "red", epoch: "e", head: 4, recovered: null, entries: [] });
    for (const seq of [5, 6]) followed.heard(seq);
    expect(followed.since).to.deep.equal({ epoch: "e", seq: 6 });
    followed.joined({ room: "red", epoch: "e", head: 9, recovered: true, entries: [{ room: "red", seq: 7 }] });
    expect(followed).to.include({ missing: 0, doubled: 0, unrecovered: 0 });
    for (const seq of [7, 10]) followed.heard(seq);
    expect(followed).to.include({ missing: 2, doubled: 1, unrecovered: 0 });
    followed.joined({ room: "red", epoch: "e", head: 30, recovered: false, entries: [] });
    expect(followed).to.include({ seq: 30, unrecovered: 1 });
    followed.joined({ room: "red", epoch: "e", head: 31, recovered: null, entries: [] });
    expect(followed).to.include({ missing: 2, unrecovered: 2 });
  });
});

describe("a million connections on paper", () => {
  const slopes = {
    ...(Object.fromEntries(slopeNames.map(([name]) => [name, 0])) as unknown as Slopes),
    idleUs: 10,
    rssKb: 32,
    deliveryUs: 20,
    hearUs: 120,
    sendUs: 620,
    redisUs: 200,
    subscriberUs: 2,
  };
  const assumed = { connections: 1_000_000, roomsEach: 5, members: 100, perMinute: 1 };

  it("take no more connections a worker than one was shown to have, and no more than half a core", () => {
    const idle = extrapolate(slopes, { ...assumed, perMinute: 0 });
    expect(idle).to.include({ workers: 67, messagesPerSec: 0, redisShards: 1 });
    const busy = extrapolate(slopes, { ...assumed, perMinute: 60 });
    expect(busy.busy).to.be.within(0.45, 0.5);
    expect(busy.deliveriesPerSec).to.equal(5_000_000);
  });

  it("are heard of by as many workers as members are spread over, which Redis and each of them pays for", () => {
    const { messagesPerSec, hearing, redisCores } = extrapolate(slopes, assumed);
    expect(hearing).to.be.within(50, 60);
    expect(redisCores).to.be.closeTo((messagesPerSec * (200 + (hearing - 2) * 2)) / 1e6, 1e-9);
  });

  it("reads how many files a process may have open", () => {
    const head = "Limit                     Soft Limit           Hard Limit           Units     \n";
    expect(limitIn(`${head}Max open files            1024                 20000                files     \n`)).to.equal(
      20_000,
    );
    expect(limitIn(`${head}Max open files            1024                 unlimited            files     \n`)).to.equal(
      Number.POSITIVE_INFINITY,
    );
  });
});
