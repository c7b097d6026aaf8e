import { expect } from "chai";
import { signToken } from "../../src/auth/token.ts";
import { systemClock } from "../../src/clock.ts";
import { type PrivateCluster, privateCluster } from "../kit/pm2.ts";
import { Talker } from "../kit/talker.ts";
import { eventually } from "../kit/wait.ts";

const SECRET = "a secret of at least thirty-two characters";
const PATIENCE_MS = 120_000;

const ROOMS = 25;
const SENDS_PER_SEC = 10;
const DRAIN_MS = 2_000;

/** What nobody has to wait for longer: from the good-bye to being in the room again. */
const BACK_MS = 10_000;

/** A line of the service's log below `error`. */
function isHarmless(line: string): boolean {
  return line.startsWith("{") && (JSON.parse(line) as { level: number }).level < 50;
}

describe("npm run cluster:reload under load", function () {
  this.timeout(PATIENCE_MS);
  let here: PrivateCluster;
  const talkers: Talker[] = [];

  before(async () => {
    here = await privateCluster({ JWT_SECRET: SECRET, ROOM_ACCESS: "open", DRAIN_MS: String(DRAIN_MS) });
    const started = await here.cluster("start");
    expect(started.code, started.output).to.equal(0);
    // Each room has two of each kind.
    for (const transport of ["websocket", "polling"]) {
      for (let n = 0; n < 2 * ROOMS; n++) {
        const sub = `${transport}-${n}`;
        const { token } = await signToken(SECRET, { sub }, { ttlSec: 3_600, clock: systemClock });
        talkers.push(new Talker(here.url, { transport, token, name: sub, room: `room-${n % ROOMS}` }));
      }
    }
    await Promise.all(talkers.map((talker) => talker.joined()));
    const before = performance.now();
    for (const talker of talkers) talker.talk(1_000 / SENDS_PER_SEC);
    await eventually(() => performance.now() - before > 1_000);
    const reloaded = await here.cluster("reload");
    expect(reloaded.code, reloaded.output).to.equal(0);
    await Promise.all(talkers.map((talker) => talker.fallSilent(30_000)));
    await Promise.all(talkers.map((talker) => talker.joined()));
  });

  after(async () => {
    for (const talker of talkers) talker.close();
    await here[Symbol.asyncDispose]();
  });

  it("loses nothing: what was acknowledged is at every member, once and in the order of the room", async () => {
    for (let n = 0; n < ROOMS; n++) {
      const members = talkers.filter(({ room }) => room === `room-${n}`);
      const acknowledged = members.flatMap((member) => [...member.acknowledged.keys()]);
      const head = Math.max(...members.flatMap((member) => [...member.acknowledged.values()]));
      await eventually(() => members.every((member) => member.seq >= head), 15_000);
      for (const member of members) {
        expect(member.faults).to.deep.equal([]);
        expect(member.heard.filter((id) => acknowledged.includes(id))).to.have.members(acknowledged);
        expect(member.heard).to.deep.equal(members[0]?.heard);
      }
    }
  });

  it("sends everybody away, and everybody is back within 10 s", () => {
    for (const { name, absences } of talkers) {
      expect(absences, name).to.not.have.length(0);
      for (const { leftAt, backAt } of absences) expect((backAt ?? Infinity) - leftAt, name).to.be.lessThan(BACK_MS);
    }
  });

  it("tells them before, on either transport, but for those who are too slow to hear it", () => {
    for (const kind of ["websocket", "polling"]) {
      const absences = talkers.filter(({ name }) => name.startsWith(kind)).flatMap((talker) => talker.absences);
      expect(absences.filter(({ told }) => told).length / absences.length, kind).to.be.greaterThan(0.9);
    }
  });

  it("spreads it: never a third of them within a tenth of the drain", () => {
    const leaves = talkers.flatMap(({ absences }) => absences.map(({ leftAt }) => leftAt));
    const within = (from: number) => leaves.filter((at) => at >= from && at < from + DRAIN_MS / 10).length;
    expect(Math.max(...leaves.map(within))).to.be.lessThan(talkers.length / 3);
  });

  it("logs no error", async () => {
    const lines = (await here.log()).split("\n").filter((line) => line !== "");
    expect(lines.filter((line) => !isHarmless(line))).to.deep.equal([]);
  });
});
