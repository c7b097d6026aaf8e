import { setTimeout as wait } from "node:timers/promises";
import type { LoadClient } from "../load.ts";
import { wires } from "../wires/index.ts";
import { crowd } from "./crowd.ts";
import * as figure from "./figures.ts";
import { type Memory, ReturningClient } from "./returning.ts";
import { spent } from "./spent.ts";
import { asTheyAre, type Stage, TEXT_BYTES, type Workload } from "./workload.ts";

interface Size {
  readonly rooms: number;
  /** Members of each room. */
  readonly members: number;
  /** Messages that each room has while all its members are away. */
  readonly missed: number;
}

/** How many come at once. */
const AT_ONCE = 64;

/** For the server to keep what it keeps of clients that are gone, and to send what it was sent. */
const GONE_MS = 2_000;

/** Each way of coming back is measured so often: what missing messages adds to it is little beside the rest. */
const TIMES = 3;

/** A difference below this part of what connecting costs is not told from none. */
const LEAST = 0.02;

/**
 * All clients are cut off, miss some messages each, and come back. What connecting costs without having missed anything is measured
 * just before, with the same clients, and taken off.
 */
export const recovery = ({ rooms, members, missed }: Size): Workload => ({
  name: "recovery",
  about:
    `${rooms * members} clients in ${rooms} rooms, cut off; each room has ${missed} messages meanwhile; all come back, ${AT_ONCE} at once, ` +
    `and hear what they missed, ${TIMES} times over. A recovery is what a return costs more than connecting and joining does with ` +
    `nothing to miss, and at least ${LEAST * 100} % of that.`,
  workers: 1,
  contenders: asTheyAre("carillon-redis", "stock-streams"),
  shows: [figure.CPU_PER_RECOVERY, figure.CPU_PER_RETURN, figure.CPU_PER_CONNECT, figure.RETURNS_PER_SEC],
  async run(stage) {
    const { clients, rooms: names } = await crowd(stage, { rooms, size: members });
    const again = (memoryOf: (index: number) => Memory, messages: number) =>
      comeAgain(stage, clients, memoryOf, messages);
    // The first time is for the compiler.
    await leave(await arrive(stage, clients, () => ({}), 0));
    const fresh = await again(() => ({}), 0);

    const last = await arrive(stage, clients, () => ({}), 0);
    await sendEverywhere(stage, names, 1);
    await Promise.all(last.map((client) => client.arrives(1)));
    const memories = last.map(({ memory }) => memory);
    await leave(last);
    await sendEverywhere(stage, names, missed);
    await wait(GONE_MS);

    const back = await again((index) => memories[index] ?? {}, missed);
    const [connecting, returning] = [perClient(fresh), perClient(back)];
    const { whole, count } = back;
    return {
      figures: {
        [figure.CPU_PER_CONNECT]: connecting,
        [figure.CPU_PER_RETURN]: returning,
        [figure.CPU_PER_RECOVERY]: Math.max(returning - connecting, LEAST * connecting),
        [figure.RETURNS_PER_SEC]: count / back.seconds,
      },
      void:
        whole < count
          ? `only ${whole} of ${count} clients have recovered all that they had missed`
          : (fresh.disturbance ?? back.disturbance),
    };
  },
});

interface Ways {
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** Clients that came, each as often as it did, and those of them that recovered just what they had missed. */
  readonly count: number;
  readonly whole: number;
  readonly disturbance: string | undefined;
}

/** Milliseconds of CPU. */
const perClient = ({ cpuSeconds, count }: Ways) => (cpuSeconds * 1000) / count;

/** All come and leave, several times; leaving does not count. */
async function comeAgain(
  stage: Stage,
  clients: readonly LoadClient[],
  memoryOf: (index: number) => Memory,
  messages: number,
): Promise<Ways> {
  let [cpuSeconds, seconds, whole] = [0, 0, 0];
  let disturbance: string | undefined;
  for (let left = TIMES; left > 0; left--) {
    const began = performance.now();
    const came = await spent(stage, () => arrive(stage, clients, memoryOf, messages));
    seconds += (performance.now() - began) / 1000;
    cpuSeconds += came.cpuSeconds;
    whole += came.result.filter(({ recovered, heard }) => recovered && heard === messages).length;
    disturbance ??= came.disturbance;
    await leave(came.result);
  }
  return { cpuSeconds, seconds, count: TIMES * clients.length, whole, disturbance };
}

/** Without a word, and the server has time to see it. */
async function leave(clients: readonly ReturningClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.cut()));
  await wait(GONE_MS);
}

/** Resolves when all are in their rooms and have heard so many messages, or never will. */
async function arrive(
  stage: Stage,
  clients: readonly LoadClient[],
  memoryOf: (index: number) => Memory,
  messages: number,
): Promise<ReturningClient[]> {
  const there: ReturningClient[] = [];
  const waiting = clients.entries();
  const inTurn = async () => {
    for (const [index, client] of waiting) {
      const arriving = dial(stage, client, memoryOf(index));
      there[index] = arriving;
      await arriving.arrives(messages);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, inTurn));
  return there;
}

function dial({ peer }: Stage, client: LoadClient, memory?: Memory): ReturningClient {
  const target = peer.targets[client.target];
  if (!target) throw new RangeError(`There is no target ${client.target}`);
  return new ReturningClient(client, target, client.token === undefined ? wires["socket.io"] : wires.carillon, memory);
}

/** So many messages to each room, by somebody who is in none of them; one after another in each. */
async function sendEverywhere(stage: Stage, rooms: readonly string[], count: number): Promise<void> {
  const sender = dial(stage, await stage.client("sender", ["elsewhere"]));
  await sender.arrives(0);
  const text = "~".padEnd(TEXT_BYTES, "x");
  for (let number = 0; number < count; number++)
    await Promise.all(rooms.map((room) => sender.send(room, `message-${count}-${number}`, text)));
  await sender.cut();
}
