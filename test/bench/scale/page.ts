import { digits } from "../report/summary.ts";
import { type Assumed, extrapolate, type Needed, slopeNames, slopesOf } from "./extrapolation.ts";
import { shown, table } from "./markdown.ts";
import type { Results } from "./results.ts";

/** A million people, on a quiet day and on a busy one. */
const CROWD = { connections: 1_000_000, roomsEach: 5, members: 100 };
const DAYS: readonly (readonly [string, Assumed])[] = [
  ["quiet", { ...CROWD, perMinute: 1 }],
  ["busy", { ...CROWD, perMinute: 10 }],
];

const ROWS: readonly (readonly [string, (needed: Needed) => string])[] = [
  ["Messages/s", ({ messagesPerSec }) => shown(Math.round(messagesPerSec))],
  ["Deliveries/s", ({ deliveriesPerSec }) => shown(Math.round(deliveriesPerSec))],
  ["Workers, one core each, at most half busy", ({ workers }) => shown(workers)],
  ["Connections of each", ({ connectionsEach }) => shown(connectionsEach)],
  ["Busy part of each core", ({ busy }) => `${Math.round(busy * 100)} %`],
  ["Cores for heartbeats", ({ cores }) => digits(cores.idle)],
  ["Cores for taking messages in", ({ cores }) => digits(cores.sending)],
  ["Cores for hearing of them on other workers", ({ cores }) => digits(cores.hearing)],
  ["Cores for writing them to members", ({ cores }) => digits(cores.writing)],
  ["Workers that hear a message", ({ hearing }) => digits(hearing)],
  ["RAM of the workers, GiB", ({ workerGiB }) => digits(workerGiB)],
  ["RAM of their kernels for sockets, GiB", ({ kernelGiB }) => digits(kernelGiB)],
  ["Cores that Redis uses", ({ redisCores }) => digits(redisCores)],
  ["Redis shards, at most half busy", ({ redisShards }) => shown(redisShards)],
  ["RAM of Redis with full histories, GiB", ({ redisGiB }) => digits(redisGiB)],
  ["Network to the clients, Mbit/s", ({ outMbitPerSec }) => shown(Math.round(outMbitPerSec))],
  [
    "All come back at once, each to one room: seconds of all workers",
    ({ allReturnSeconds }) => digits(allReturnSeconds),
  ],
  ["The same: seconds of all shards", ({ redisReturnSeconds }) => digits(redisReturnSeconds)],
];

/** What stands between the markers of `docs/scaling.md`, by their names. */
export function pageParts(results: Results): Readonly<Record<string, string>> {
  return { slopes: slopesText(results), million: millionText(results) };
}

function slopesText(results: Results): string {
  const rows = slopeNames.map(([, { part, figure }]) => {
    const measured = results[part];
    const value = measured?.figures[figure];
    return [
      figure,
      value === undefined ? "not measured yet" : digits(value),
      measured ? `\`${measured.command}\`, ${part}, ${measured.date.slice(0, 10)}${doubtOf(measured)}` : "",
    ];
  });
  return [table(["", "Measured", "By"], rows), ...environments(results)].join("\n\n");
}

const doubtOf = ({ disturbed, failed }: { disturbed?: string; failed?: string }): string =>
  failed === undefined ? (disturbed === undefined ? "" : ", disturbed") : ", failed";

/** Each only once, though nearly always there is only one. */
function environments(results: Results): string[] {
  const all = Object.values(results).map(({ environment }) => {
    const { commit, kernel, cpu, cores, memoryGiB, node, versions } = environment;
    const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    return `Commit ${commit}; ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, Node ${node}, ${packages.join(", ")}.`;
  });
  return [...new Set(all)];
}

function millionText(results: Results): string {
  const slopes = slopesOf(results);
  if (!slopes) return "Not all that it takes has been measured yet.";
  const columns = DAYS.map(([, assumed]) => extrapolate(slopes, assumed));
  const rows = ROWS.map(([name, of]) => [name, ...columns.map(of)]);
  const rates = DAYS.map(([name, { perMinute }]) => `${name}: ${perMinute} a minute`).join("; ");
  const about = `${shown(CROWD.connections)} connections, each in ${CROWD.roomsEach} rooms of ${CROWD.members}; messages of a room, ${rates}.`;
  return [about, table(["", ...DAYS.map(([name]) => name)], rows)].join("\n\n");
}
