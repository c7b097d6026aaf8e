import type { EchoLoop, Edges, Timetable } from "../load.ts";
import { nowUs } from "./clock.ts";
import type { Crowd } from "./crowd.ts";
import type { Replies } from "./messages.ts";
import type { Outlet } from "./outlet.ts";
import { Phase, type PhaseOptions } from "./phase.ts";
import { measureStrain, type Strain } from "./strain.ts";
import { keepTimetable } from "./timetable.ts";

/** Who sends, by which way, and one of how many listeners is looked at closely. */
export interface Stage {
  readonly crowd: Crowd;
  readonly outlet: Outlet;
  readonly sampleOneIn: number;
}

/** Sends the messages of one phase, and resolves when its time is over. */
interface Script {
  readonly options: Pick<PhaseOptions, "rooms" | "textBytes" | "onAnswer">;
  run(phase: Phase, seconds: number): Promise<void>;
}

/** Runs a timetable: the warm-up to its last delivery, so that nothing of it is counted, and then what counts. */
export function runTimetable(stage: Stage, timetable: Timetable, warmSeconds: number, edges: Edges) {
  return run(stage, () => scriptOf(stage.crowd, timetable), { seconds: timetable.seconds, warmSeconds, edges });
}

/** The same for a closed loop. */
export function runEcho(stage: Stage, loop: EchoLoop, warmSeconds: number, edges: Edges) {
  return run(stage, () => echoScript(stage.crowd, loop), { seconds: loop.seconds, warmSeconds, edges });
}

interface Times {
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly edges: Edges;
}

async function run(stage: Stage, script: () => Script, { seconds, warmSeconds, edges }: Times) {
  const { crowd } = stage;
  if (crowd.phase) throw new Error("A run is on already");
  try {
    if (warmSeconds > 0) await runPhase(stage, script(), warmSeconds, async () => {});
    await edges.begin();
    return await runPhase(stage, script(), seconds, () => edges.end());
  } finally {
    crowd.phase = undefined;
  }
}

async function runPhase(stage: Stage, script: Script, seconds: number, end: () => void | Promise<void>) {
  const { crowd, outlet, sampleOneIn } = stage;
  const phase = new Phase({ ...script.options, outlet, sample: crowd.sample(sampleOneIn) });
  crowd.phase = phase;
  const strainSoFar = measureStrain();
  await script.run(phase, seconds);
  const strain = strainSoFar();
  await end();
  await phase.settled();
  return accountOf(phase, strain);
}

/** Each turn's burst is written in one go, by the next of the room's senders each. */
function scriptOf(crowd: Crowd, timetable: Timetable): Script {
  const { rooms, senders, listeners, burst, turnsPerSec: perSec, textBytes } = timetable;
  const turnsOf = rooms.map((name, index) => ({ name, senders: senders[index] ?? [], next: 0 }));
  const take = (phase: Phase, index: number, dueUs: number) => {
    const room = turnsOf[index % rooms.length];
    if (!room) return;
    for (let left = burst; left > 0; left--) {
      const sender = room.senders[room.next++ % room.senders.length];
      phase.send(crowd.clients[sender ?? -1], room.name, dueUs);
    }
  };
  return {
    options: {
      textBytes,
      rooms: turnsOf.map((room, index) => ({
        name: room.name,
        senders: room.senders.length,
        listeners: listeners[index] ?? 0,
      })),
    },
    run: (phase, seconds) =>
      keepTimetable({ count: Math.round(perSec * seconds), perSec }, (index, dueUs) => take(phase, index, dueUs)),
  };
}

/** Who has an answer asks again, until the time is over. */
function echoScript(crowd: Crowd, { clients, rooms, textBytes }: EchoLoop): Script {
  const askers: number[] = [];
  let running: Phase | undefined;
  const ask = (asker: number) => {
    if (!running) return;
    askers.push(asker);
    running.send(crowd.clients[clients[asker] ?? -1], rooms[asker] ?? "", nowUs());
  };
  return {
    options: {
      textBytes,
      rooms: rooms.map((name) => ({ name, senders: 1, listeners: crowd.attending(name) })),
      onAnswer: (index) => ask(askers[index] ?? 0),
    },
    async run(phase, seconds) {
      running = phase;
      for (const asker of clients.keys()) ask(asker);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      running = undefined;
    },
  };
}

function accountOf(phase: Phase, strain: Strain): Replies["drive"] {
  const { sent, acked, refused, received, expected, doubled, missing, swapped, bytes, lost } = phase;
  return {
    sent,
    acked,
    refused,
    delivered: received,
    expected,
    doubled,
    missing,
    swapped,
    bytes,
    lost,
    latency: phase.latency.state,
    ackLatency: phase.ackLatency.state,
    clientBusy: strain.busy,
    clientLoopP99Ms: strain.loopP99Ms,
  };
}
