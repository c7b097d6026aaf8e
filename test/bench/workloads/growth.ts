import { crowd, timetable } from "./crowd.ts";
import * as figure from "./figures.ts";
import { sendByTimetable } from "./traffic.ts";
import type { Workload } from "./workload.ts";

interface RoomsSize {
  readonly rooms: readonly number[];
  readonly members: number;
  readonly perSec: number;
}

/** So many groups of clients; each group shares all its rooms. */
const GROUPS = 10;
/** Each client joins all its rooms in one go: more of them at once would have to wait long. */
const AT_ONCE = 4;

/** More rooms, with the same clients and the same rate of all together. */
export function growthByRooms({ rooms: counts, members, perSec }: RoomsSize): Workload {
  const roomsOf = new Map<string, { readonly peer: string; readonly rooms: number }>(
    ["carillon", "stock"].flatMap((peer) =>
      counts.map((rooms) => [`${peer} ${rooms} rooms`, { peer, rooms }] as const),
    ),
  );
  return {
    name: "growth-rooms",
    about: `${GROUPS * members} clients in groups of ${members}, each group in a ${GROUPS}th of all rooms; ${perSec} messages/s of all rooms together.`,
    workers: 1,
    contenders: [...roomsOf].map(([key, { peer, rooms }]) => ({ key, peer, env: { MAX_ROOMS: String(rooms) } })),
    shows: [figure.CPU_PER_DELIVERY, figure.USER_PER_DELIVERY, figure.P50, figure.P99],
    async run(stage) {
      const { rooms = 0 } = roomsOf.get(stage.contender.key) ?? {};
      const groups = await crowd(stage, { rooms: GROUPS, size: members });
      const names = Array.from({ length: rooms }, (_, index) => `room-${index}`);
      const clients = groups.clients.map((client, index) => {
        const group = Math.floor(index / members);
        return { ...client, rooms: names.filter((_, room) => room % GROUPS === group) };
      });
      const everywhere = {
        clients,
        rooms: names,
        members: names.map((_, room) => groups.members[room % GROUPS] ?? []),
      };
      const table = timetable(everywhere, { turnsPerSec: perSec, seconds: stage.pace.seconds });
      return sendByTimetable(stage, clients, table, AT_ONCE);
    },
  };
}

interface WorkersSize {
  readonly workers: readonly number[];
  readonly rooms: number;
  readonly members: number;
  readonly perSec: number;
}

/** More workers, with the same rooms and the same rate, each room's members spread over all of them. */
export function growthByWorkers({ workers: counts, rooms, members, perSec }: WorkersSize): Workload {
  return {
    name: "growth-workers",
    about: `${rooms} rooms of ${members}, spread over all workers, ${perSec} messages/s of all together.`,
    workers: 1,
    contenders: ["carillon-redis", "stock-stored"].flatMap((peer) =>
      counts.map((workers) => ({ key: `${peer} ${workers} worker${workers === 1 ? "" : "s"}`, peer, workers })),
    ),
    shows: [figure.CPU_PER_DELIVERY, figure.USER_PER_DELIVERY, figure.REDIS_CPU_PER_MESSAGE, figure.P50, figure.P99],
    async run(stage) {
      const count = stage.peer.targets.length;
      const all = await crowd(stage, { rooms, size: members, target: (member) => member % count });
      return sendByTimetable(stage, all.clients, timetable(all, { turnsPerSec: perSec, seconds: stage.pace.seconds }));
    },
  };
}
