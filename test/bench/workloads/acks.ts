import { crowd, timetable } from "./crowd.ts";
import * as figure from "./figures.ts";
import { letIn, outcomeOf, sendByTimetable, watched } from "./traffic.ts";
import { type Contender, type Stage, TEXT_BYTES, type Workload } from "./workload.ts";

/** Limited as any socket is, at a rate that nothing reaches. */
const LIMITED = { RATE_PER_SEC: "1000000", RATE_BURST: "1000000" };

/**
 * `typing:set` with `typing: false` is what comes nearest to an echo: it has its turn, is counted against the rate, validated, checked
 * against rights, bans and mutes, and answered; nothing is stored, and as nobody typed, nobody is told. Stock answers the same frame.
 */
const ASKING: readonly Contender[] = [
  { key: "carillon", peer: "carillon", env: LIMITED, wire: "carillon-asking" },
  { key: "stock", peer: "stock", env: { ECHO: "1" }, wire: "socket.io-asking" },
  { key: "carillon INTAKE=stock", peer: "carillon", env: { ...LIMITED, INTAKE: "stock" }, wire: "carillon-asking" },
];

/** The same with `message:send` to an empty room: stored in the room's log, in memory. */
const STORING: readonly Contender[] = [
  { key: "carillon stored", peer: "carillon", env: LIMITED },
  { key: "stock sent to nobody", peer: "stock" },
];

const SHOWS = [figure.CPU_PER_ACK, figure.USER_PER_ACK, figure.ACKS_PER_SEC, figure.ACK_P50, figure.ACK_P99];

interface Size {
  readonly clients: number;
}

/** Everybody has a room to send to and none to hear. */
async function deafCrowd(stage: Stage, clients: number) {
  const all = await crowd(stage, { rooms: clients, size: 1 });
  return { ...all, clients: all.clients.map((client) => ({ ...client, rooms: [] })) };
}

/** Requests by a timetable, at the same rate for all: what an ack costs. */
export const acks = ({ clients, perSec }: Size & { readonly perSec: number }): Workload => ({
  name: "acks",
  about: `${clients} clients, ${perSec} requests/s of all together, each answered and told to nobody.`,
  workers: 1,
  contenders: [...ASKING, ...STORING],
  shows: SHOWS,
  async run(stage) {
    const all = await deafCrowd(stage, clients);
    const table = timetable(all, { turnsPerSec: perSec, seconds: stage.pace.seconds });
    return sendByTimetable(stage, all.clients, { ...table, listeners: all.rooms.map(() => 0) });
  },
});

/** Each client asks again as soon as it is answered: how many a worker answers at most. */
export const acksAtMost = ({ clients }: Size): Workload => ({
  name: "acks-closed",
  about: `${clients} clients, each asking again as soon as it is answered: the worker's core is full.`,
  workers: 1,
  contenders: [...ASKING, ...STORING],
  shows: SHOWS,
  async run(stage) {
    const all = await deafCrowd(stage, clients);
    const out = await letIn(stage, all.clients);
    if (out !== undefined) return { figures: {}, void: out };
    const { seconds, warmSeconds } = stage.pace;
    const loop = { clients: all.clients.map((_, index) => index), rooms: all.rooms, seconds, textBytes: TEXT_BYTES };
    const [delivered, window] = await watched(stage, (edges) => stage.load.echo(loop, warmSeconds, edges));
    return outcomeOf(stage, delivered, window, seconds);
  },
});
