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

/** For the server to see that clients are gone, and to keep what it keeps of them. */
const GONE_MS = 2_000;

/**
 * All clients are cut off, miss some messages each, and come back. What connecting costs without having missed anything is measured
 * just before, with the same clients, and taken off.
 */
export const recovery = ({ rooms, members, missed }: Size): Workload => ({
  name: "recovery",
  about: `${rooms * members} clients in ${rooms} rooms, cut off; each room has ${missed} messages meanwhile; all come back, ${AT_ONCE} at once, and hear what they missed. A recovery is what a return costs more than connecting and joining does without anything missed.`,
  workers: 1,
  contenders: asTheyAre("carillon-redis", "stock-streams"),
  shows: [figure.CPU_PER_RECOVERY, figure.CPU_PER_RETURN, figure.CPU_PER_CONNECT, figure.RETURNS_PER_SEC],
  async run(stage) {
    const { clients, rooms: names } = await crowd(stage, { rooms, size: members });
    // The first time is for the compiler.
    await cut(await arrive(stage, clients, () => ({}), 0));
    await wait(GONE_MS);
    const fresh = await spent(stage, () => arrive(stage, clients, () => ({}), 0));

    await sendEverywhere(stage, names, 1);
    const remembering = await Promise.all(
      fresh.result.map(async (client) => ((await client.arrives(1)) ? client.memory : {})),
    );
    await cut(fresh.result);
    await wait(GONE_MS);
    await sendEverywhere(stage, names, missed);
    await wait(GONE_MS);

    const began = performance.now();
    const back = await spent(stage, () => arrive(stage, clients, (index) => remembering[index] ?? {}, missed));
    const seconds = (performance.now() - began) / 1000;
    await cut(back.result);
    const whole = back.result.filter(({ recovered, heard }) => recovered && heard === missed).length;
    const perClient = 1000 / clients.length;
    return {
      figures: {
        [figure.CPU_PER_CONNECT]: fresh.cpuSeconds * perClient,
        [figure.CPU_PER_RETURN]: back.cpuSeconds * perClient,
        [figure.CPU_PER_RECOVERY]: (back.cpuSeconds - fresh.cpuSeconds) * perClient,
        [figure.RETURNS_PER_SEC]: clients.length / seconds,
      },
      void:
        whole < clients.length
          ? `only ${whole} of ${clients.length} clients have recovered all that they had missed`
          : (fresh.disturbance ?? back.disturbance),
    };
  },
});

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

const cut = async (clients: readonly ReturningClient[]) => void (await Promise.all(clients.map((each) => each.cut())));

/** So many messages to each room, by somebody who is in none of them; one after another in each. */
async function sendEverywhere(stage: Stage, rooms: readonly string[], count: number): Promise<void> {
  const sender = dial(stage, await stage.client("sender", ["elsewhere"]));
  await sender.arrives(0);
  const text = "~".padEnd(TEXT_BYTES, "x");
  for (let number = 0; number < count; number++)
    await Promise.all(rooms.map((room) => sender.send(room, `message-${count}-${number}`, text)));
  await sender.cut();
}
