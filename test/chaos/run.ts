import { startCluster } from "../kit/cluster.ts";
import { seededRandom } from "../kit/random.ts";
import { eventually } from "../kit/wait.ts";
import { gather } from "./crowd.ts";
import { FAULTS, strikeAll } from "./faults.ts";
import { type Report, reportOf, total } from "./report.ts";
import { settle } from "./settle.ts";
import { type Setup, SETUPS, startStanding } from "./standing.ts";

export interface RunOptions {
  /** How long messages are sent and faults struck, at least. */
  readonly minutes: number;
  readonly seed: number;
  /** How Redis is run; a single server, unless given. */
  readonly setup?: Setup;
  /** It goes on until so many were sent. */
  readonly messages?: number;
  /** Names of the faults to strike; all, unless given. */
  readonly faults?: readonly string[];
  /** Messages of all senders together. */
  readonly perSec?: number;
  /** Told of what goes on. */
  readonly say?: (line: string) => void;
}

const WORKERS = 3;

/** How long it takes at most until everybody has joined, before anything is struck. */
const JOIN_MS = 20_000;

const RECEIVERS = 9;
const SENDERS = 8;
const ROOMS = Array.from({ length: 6 }, (_, index) => `room-${index}`);

/** Sends, hears, strikes, and then proves. Everything that it starts is gone when it resolves. */
export async function checkDelivery(options: RunOptions): Promise<Report> {
  const { minutes, seed, setup = "single", messages = 0, perSec = 170, say = () => {} } = options;
  // Each with numbers of its own: what is struck must not depend on how many messages were sent before.
  const random = seededRandom(seed);
  await using standing = await startStanding(setup);
  const env = { REDIS_URL: standing.url, HISTORY_SIZE: "1000000" };
  await using cluster = await startCluster(WORKERS, { env, random: seededRandom(seed + 1) });
  using crowd = await gather({
    cluster,
    random: seededRandom(seed + 2),
    rooms: ROOMS,
    receivers: RECEIVERS,
    senders: SENDERS,
    perSec,
  });
  await eventually(() => {
    const out = crowd.receivers.find(({ attends }) => !attends);
    if (out) throw new Error(ROOMS.map((room) => out.where(room)).join("; "));
    return true;
  }, JOIN_MS);

  const chosen = FAULTS.filter(
    ({ name, setups = SETUPS }) => setups.includes(setup) && (options.faults?.includes(name) ?? true),
  );
  const untilMs = performance.now() + minutes * 60_000;
  const sentCount = () => total(crowd.senders, ({ sent }) => sent);
  for (const sender of crowd.senders) sender.start();
  const struck = await strikeAll({ cluster, standing, random }, chosen, {
    say,
    goesOn: () => performance.now() < untilMs || sentCount() < messages,
  });
  const settled = await settle(crowd, cluster, ROOMS);
  const failures = [...settled.failures, ...cluster.deaths, ...crowd.senders.flatMap(({ unexpected }) => unexpected)];
  return reportOf(crowd, struck, settled, failures);
}
