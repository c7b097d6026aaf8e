import type { Edges } from "../load.ts";
import { wires } from "../wires/index.ts";
import { Crowd } from "./crowd.ts";
import type { FromLoad, Order, Reply, ToLoad } from "./messages.ts";
import { Outlet } from "./outlet.ts";
import { runEcho, runTimetable, type Stage } from "./runs.ts";

// The load generator itself, alone in its process, so that what it costs is nobody else's.

const SAMPLE_ONE_IN = 10;

let stage: Stage | undefined;
const begun = new Map<number, () => void>();

/** Whoever started this is told, unless that one is gone, and then this goes as well. */
const say = (message: FromLoad) => process.send?.(message, undefined, undefined, () => {});

function edgesOf(id: number): Edges {
  return {
    begin() {
      say({ id, edge: "begin" });
      return new Promise<void>((resolve) => begun.set(id, resolve));
    },
    end: () => void say({ id, edge: "end" }),
  };
}

async function carryOut(id: number, order: Order): Promise<Reply> {
  if (order.kind === "open") {
    const { wire: name, targets, publishUrl, sampleOneIn = SAMPLE_ONE_IN } = order.options;
    const crowd = new Crowd(wires[name], targets);
    const outlet = new Outlet(wires[name], publishUrl, (...answer) => crowd.acked(...answer));
    stage = { crowd, outlet, sampleOneIn };
    return null;
  }
  if (!stage) throw new Error("The load generator was not opened");
  switch (order.kind) {
    case "connect": {
      const { timeToReady, ...connected } = await stage.crowd.connect(order.clients, order.atOnce);
      return { ...connected, timeToReady: timeToReady.state };
    }
    case "drive":
      return runTimetable(stage, order.timetable, order.warmSeconds, edgesOf(id));
    case "echo":
      return runEcho(stage, order.loop, order.warmSeconds, edgesOf(id));
    case "cut":
      await stage.crowd.cut();
      return null;
  }
}

async function reply(id: number, order: Order): Promise<void> {
  try {
    say({ id, reply: await carryOut(id, order) });
  } catch (error) {
    say({ id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

/** A server that is gone at the same time may leave connections that are never told to be closed. */
const LEAVE_WITHIN_MS = 1_000;

async function leave(): Promise<void> {
  setTimeout(() => process.exit(), LEAVE_WITHIN_MS);
  stage?.outlet.close();
  await stage?.crowd.cut();
  process.exit();
}

process.on("message", (message: ToLoad) => {
  if ("order" in message) return void reply(message.id, message.order);
  begun.get(message.begun)?.();
  begun.delete(message.begun);
});
process.on("disconnect", () => void leave());
