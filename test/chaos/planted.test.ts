import { expect } from "chai";
import { type Cluster, startCluster } from "../kit/cluster.ts";
import { eventually } from "../kit/wait.ts";
import { type Crowd, gather } from "./crowd.ts";
import { type Rewrite, rewriteFrames } from "./frames.ts";
import { reportOf } from "./report.ts";
import { headOf, settle } from "./settle.ts";

const asIs: Rewrite = (packet) => [packet];

/** Acts on the event of one message, the fifth that is told of, to whomever. */
function onFifth(act: Rewrite): Rewrite {
  let told = 0;
  return (packet, connection) =>
    packet.includes('["message:sent",') && ++told === 5 ? act(packet, connection) : [packet];
}

/** Acts once on an ack that has all of these in it. */
function onAck(parts: readonly string[], act: (packet: string) => string): Rewrite {
  let done = false;
  return (packet) => {
    if (done || !packet.startsWith("43/chat,") || !parts.every((part) => packet.includes(part))) return [packet];
    done = true;
    return [act(packet)];
  };
}

/** Keeps the event of one message back until after the next one on the same connection. */
function swapTwo(): Rewrite {
  let kept: { packet: string; connection: object } | undefined;
  let seq = 0;
  return (packet, connection) => {
    const [, found] = /^42\/chat,\["message:sent",.*"seq":(\d+)/.exec(packet) ?? [];
    if (!found) return [packet];
    if (Number(found) === 5 && seq === 0) {
      seq = 5;
      kept = { packet, connection };
      return [];
    }
    if (kept?.connection !== connection || Number(found) !== 6) return [packet];
    const pair = [packet, kept.packet];
    kept = undefined;
    return pair;
  };
}

/** Whoever resumes is not given the first of what he missed. */
const loseOneOfResume = onAck(['"recovered":true', '"entries":[{'], (packet) => {
  const [, head = "", json = ""] = /^(43\/chat,\d+)(.*)$/.exec(packet) ?? [];
  const [ack] = JSON.parse(json) as [{ data: { entries: unknown[] } }];
  ack.data.entries.shift();
  return head + JSON.stringify([ack]);
});

const hideEpochs: Rewrite = (packet) => [packet.replaceAll(/"epoch":"[^"]+"/g, '"epoch":"always-this"')];

describe("the delivery checker catches, planted into real connections,", () => {
  let cluster: Cluster;
  let rewrite: Rewrite = asIs;

  before(async () => {
    const down = rewriteFrames((packet, connection) => rewrite(packet, connection));
    cluster = await startCluster(1, { env: { HISTORY_SIZE: "100000" }, tamper: { down } });
  });
  after(() => cluster[Symbol.asyncDispose]());

  /** Twenty messages with this in the way. @returns the kinds of violations that were found */
  async function found(room: string, plant: Rewrite, midway?: (crowd: Crowd) => Promise<unknown>): Promise<string[]> {
    const coming = { transports: ["websocket"] };
    using crowd = await gather({ cluster, rooms: [room], receivers: 3, senders: 1, perSec: 100, coming });
    await eventually(() => crowd.receivers.every(({ attends }) => attends));
    rewrite = plant;
    const sentBy = (count: number) =>
      eventually(() => crowd.senders.every(({ acknowledged }) => acknowledged.length >= count));
    for (const sender of crowd.senders) sender.start();
    await sentBy(10);
    await midway?.(crowd);
    await sentBy(20);
    const settled = await settle(crowd, cluster, [room], { levelMs: 500 });
    rewrite = asIs;
    const { verdict } = reportOf(crowd, { counts: new Map(), losses: [] }, settled, []);
    return [...new Set(verdict.violations.map(({ kind }) => kind))].toSorted();
  }

  /** Cuts everybody's connections once something was written that did not get through. */
  async function missSome(room: string, { senders }: Crowd): Promise<void> {
    const worker = { url: cluster.urls[0] ?? "" };
    for (const link of cluster.balancer.links) link.hold("down");
    // Not more than at first sight: a sender that waits for an answer writes nothing more.
    const answered = () => Math.max(...senders.flatMap(({ acknowledged }) => acknowledged.map(({ seq }) => seq)));
    await eventually(async () => (await headOf(worker, room)).seq > answered());
    cluster.balancer.cut();
  }

  it("nothing where nothing is planted", async () => {
    expect(await found("clean", asIs)).to.deep.equal([]);
  });

  it("a lost message", async () => {
    expect(
      await found(
        "loss",
        onFifth(() => []),
      ),
    ).to.deep.equal(["lost"]);
  });

  it("a double", async () => {
    expect(
      await found(
        "double",
        onFifth((packet) => [packet, packet]),
      ),
    ).to.deep.equal(["doubled"]);
  });

  it("a swap", async () => {
    expect(await found("swap", swapTwo())).to.deep.equal(["swapped"]);
  });

  it("a hole across a resume", async () => {
    expect(await found("hole", loseOneOfResume, (crowd) => missSome("hole", crowd))).to.deep.equal(["lost"]);
  });

  it("an ack of what was not stored", async () => {
    const forge = onAck(['"duplicate":false'], (packet) => packet.replace(/"seq":\d+/, '"seq":7000'));
    expect(await found("unstored", forge)).to.deep.equal(["unstored"]);
  });

  it("seqs that are silently given again", async () => {
    // In memory, a new process numbers from 1 again, in a new epoch: nobody is told.
    expect(await found("reused", hideEpochs, () => cluster.restart(0))).to.include("reused");
  });
});
