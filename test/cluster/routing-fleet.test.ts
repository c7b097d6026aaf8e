import { readdir } from "node:fs/promises";
import { expect } from "chai";
import { Crowd } from "../kit/crowd.ts";
import { type Fleet, startFleet } from "../kit/fleet.ts";
import { freePort } from "../kit/port.ts";
import { folder } from "../kit/routed.ts";
import { handshake, poll } from "../kit/sessions.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { eventually } from "../kit/wait.ts";

const EACH = 100;
const SOME = 24;

function end(worker: { readonly pid: number } | undefined, signal: NodeJS.Signals): void {
  if (!worker) throw new Error("There is no such worker");
  process.kill(worker.pid, signal);
}

describe("three workers on one port, without sticky sessions", function () {
  this.timeout(60_000);
  let directory: Awaited<ReturnType<typeof folder>>;
  let fleet: Fleet;

  before(async () => {
    directory = await folder();
    fleet = await startFleet({ workers: 3, port: await freePort(), directory: directory.path });
  });

  after(async () => {
    await fleet[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  it(`serve ${EACH} clients of each kind of transport: all of them, and nothing is left when they have gone`, async () => {
    const before = await fleet.status();
    await using crowd = new Crowd(fleet.url);
    await crowd.come(EACH * TRANSPORTS.length);
    await crowd.takePart("at-first");
    const busy = await fleet.status();
    expect(crowd.failures).to.deep.equal([]);
    expect(busy.reduce((sum, { sessions }) => sum + sessions, 0)).to.equal(EACH * TRANSPORTS.length);
    expect(Math.min(...busy.map(({ forwarded }) => forwarded))).to.be.greaterThan(EACH / 2);
    expect(busy.flatMap(({ refused }) => refused)).to.deep.equal([]);
    await crowd.leave();
    // Connections between workers wait a few seconds for another request.
    await eventually(async () => {
      for (const { pid, sessions, sockets } of await fleet.status()) {
        const { sockets: expected } = before.find((worker) => worker.pid === pid) ?? {};
        expect({ sessions, sockets }).to.deep.equal({ sessions: 0, sockets: expected });
      }
      return true;
    }, 20_000);
    expect(fleet.output()).to.equal("");
  });

  it("serve the sessions of a worker that goes away until it is gone, and those of its successor at once", async () => {
    await using crowd = new Crowd(fleet.url);
    await crowd.come(SOME);
    const [old] = await fleet.status();
    await fleet.fork();
    end(old, "SIGTERM");
    await crowd.come(SOME);
    await eventually(async () => !(await fleet.status()).some(({ pid }) => pid === old?.pid), 10_000);
    await crowd.settled();
    await crowd.takePart("afterwards");
    const left = await readdir(directory.path);
    expect(left).to.have.length(4).and.to.include("secret").and.to.not.include(`${old?.id}.sock`);
    expect(fleet.output()).to.equal("");
  });

  it("answer for a worker that was killed as for a session that nobody knows; its clients come back elsewhere", async () => {
    await using crowd = new Crowd(fleet.url);
    await crowd.come(SOME);
    await crowd.settled();
    const sid = await handshake(fleet.url);
    const all = await fleet.status();
    const victim = all.find(({ id }) => sid.startsWith(id));
    const others = all.filter((worker) => worker !== victim);
    const lost = new Set<number>();
    for (const [index, { socket }] of crowd.clients.entries()) socket.once("disconnect", () => lost.add(index));
    end(victim, "SIGKILL");
    await eventually(() => lost.size >= (victim?.sessions ?? 0) - 1, 15_000);
    // What was on its way to the worker when it died is never answered: a poll of another worker's client may be among it, and
    // that client notices by a ping that does not come.
    let attempts = 0;
    await eventually(async () => {
      await crowd.settled();
      await crowd.takePart(`attempt-${attempts++}`);
      return true;
    }, 30_000);
    const now = await fleet.status();
    expect(now.map(({ pid }) => pid)).to.have.members(others.map(({ pid }) => pid));
    const answer = await poll(fleet.url, sid);
    expect([answer.status, await answer.text()]).to.deep.equal([400, '{"code":1,"message":"Session ID unknown"}']);
    expect(await readdir(directory.path))
      .to.have.length(3)
      .and.to.not.include(`${victim?.id}.sock`);
  });
});
