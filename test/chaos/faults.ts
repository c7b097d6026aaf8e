import type { Cluster } from "../kit/cluster.ts";
import { loseTail, markTail } from "../kit/faults.ts";
import type { Link } from "../kit/proxy.ts";
import type { Random } from "../kit/random.ts";
import type { RedisServer } from "../kit/redis.ts";
import type { Loss } from "./records.ts";
import type { Setup, Standing } from "./standing.ts";

/** What a fault can lay hands on. */
export interface Scene {
  readonly cluster: Cluster;
  readonly standing: Standing;
  readonly random: Random;
}

export interface Fault {
  readonly name: string;
  /** Faults of two areas can come at once. */
  readonly area: "redis" | "workers" | "clients";
  /** Where it can be struck; everywhere, unless given. */
  readonly setups?: readonly Setup[];
  /** At most once in a run. */
  readonly once?: true;
  /** It takes from Redis what was stored. */
  readonly loses?: true;
  /** Does it and undoes it. Resolves with a time before which nothing was lost, if something was. */
  strike(scene: Scene): Promise<number | void>;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const between = (random: Random, from: number, to: number) => pause(from + random.below(to - from));

/** About half of them, and at least one. */
function some(random: Random, links: readonly Link[] = []): readonly Link[] {
  const chosen = links.filter(() => random.percent(50));
  return chosen.length > 0 ? chosen : links.slice(0, 1);
}

/** What was sent in answer is received by nobody, and then the connections end. */
async function loseReplies(random: Random, links: readonly Link[]): Promise<void> {
  for (const link of links) link.discard("down");
  await between(random, 100, 800);
  for (const link of links) link.cut();
}

function oneOf({ standing, random }: Scene): RedisServer {
  const masters = standing.masters();
  const master = masters[random.below(masters.length)];
  if (!master) throw new Error("There is no master");
  return master;
}

/** Where a crash loses nothing: with Sentinels it is a failover. */
const ALONE: readonly Setup[] = ["single", "cluster"];
/** Where there is a proxy before Redis. */
const PROXIED: readonly Setup[] = ["single"];

export const FAULTS: readonly Fault[] = [
  {
    name: "worker-killed",
    area: "workers",
    async strike({ cluster, random }) {
      const index = random.below(cluster.size);
      await cluster.kill(index);
      await between(random, 100, 1_500);
      await cluster.start(index);
    },
  },
  {
    name: "redis-killed",
    area: "redis",
    setups: ALONE,
    async strike(scene) {
      const redis = oneOf(scene);
      await redis.kill();
      await between(scene.random, 100, 2_000);
      await redis.start();
    },
  },
  {
    name: "redis-stalled",
    area: "redis",
    setups: ALONE,
    async strike(scene) {
      const redis = oneOf(scene);
      redis.stall();
      await pause(3_000);
      redis.wake();
    },
  },
  {
    name: "tail-lost",
    area: "redis",
    setups: ALONE,
    loses: true,
    async strike(scene) {
      const redis = oneOf(scene);
      const fromMs = performance.now();
      const mark = await markTail(redis);
      await between(scene.random, 300, 1_500);
      await redis.kill();
      await loseTail(mark);
      await redis.start();
      return fromMs;
    },
  },
  {
    // To a replica that lags, where it can be made to: with Sentinels it lags as it happens to.
    name: "failover",
    area: "redis",
    setups: ["single", "sentinel"],
    loses: true,
    strike: async ({ standing, random }) => standing.failOver?.(300 + random.below(1_200)),
  },
  {
    name: "flushed",
    area: "redis",
    loses: true,
    once: true,
    async strike(scene) {
      await oneOf(scene).admin.flushall();
      return -Infinity;
    },
  },
  {
    name: "pubsub-cut",
    area: "redis",
    async strike({ standing }) {
      await Promise.all(standing.masters().map(({ admin }) => admin.call("CLIENT", "KILL", "TYPE", "pubsub")));
    },
  },
  {
    name: "redis-replies-lost",
    area: "redis",
    setups: PROXIED,
    strike: ({ standing, random }) => loseReplies(random, some(random, standing.proxy?.links)),
  },
  {
    name: "redis-half-open",
    area: "redis",
    setups: PROXIED,
    async strike({ standing, random }) {
      const links = some(random, standing.proxy?.links);
      const direction = random.percent(50) ? "up" : "down";
      for (const link of links) link.hold(direction);
      await between(random, 1_000, 4_000);
      const ended = random.percent(50);
      for (const link of links) {
        if (ended) link.cut();
        else link.release(direction);
      }
    },
  },
  {
    name: "redis-slow",
    area: "redis",
    setups: PROXIED,
    async strike({ standing, random }) {
      const links = standing.proxy?.links ?? [];
      for (const link of links) link.delay(10 + random.below(90));
      await pause(2_000);
      for (const link of links) link.delay(0);
    },
  },
  {
    name: "clients-cut",
    area: "clients",
    async strike({ cluster, random }) {
      for (const link of some(random, cluster.balancer.links)) link.cut();
    },
  },
  {
    name: "client-replies-lost",
    area: "clients",
    strike: ({ cluster, random }) => loseReplies(random, some(random, cluster.balancer.links)),
  },
];

export interface Struck {
  readonly counts: ReadonlyMap<string, number>;
  readonly losses: readonly Loss[];
}

/** An answer may be under way for so long when what it is about is lost. */
const UNDER_WAY_MS = 5_000;

/** Between two faults: sometimes the one before has hardly healed, and sometimes all is quiet for a while. */
const QUIET_MS = 3_000;

/**
 * Strikes each fault once, in an order that the seed tells, and then goes on with any of them. Now and then two of different areas
 * come at once, unless one of them loses what was stored: then nobody else may be left who knows of it.
 */
export async function strikeAll(
  scene: Scene,
  faults: readonly Fault[],
  { goesOn, say }: { goesOn(): boolean; say(line: string): void },
): Promise<Struck> {
  const { random } = scene;
  const counts = new Map<string, number>(faults.map(({ name }) => [name, 0]));
  const losses: Loss[] = [];
  const first = shuffled(faults, random);
  const strike = async ({ name, strike: act }: Fault) => {
    const startMs = performance.now();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const fromMs = await act(scene);
    if (typeof fromMs === "number") losses.push({ fault: name, fromMs, untilMs: performance.now() + UNDER_WAY_MS });
    say(`${name}, for ${Math.round(performance.now() - startMs)} ms`);
  };
  const choose = (from: readonly Fault[]) => {
    const left = from.filter(({ name, once }) => !once || counts.get(name) === 0);
    return left[random.below(left.length)];
  };

  await between(random, 500, QUIET_MS);
  while (first.length > 0 || goesOn()) {
    const one = first.pop() ?? choose(faults);
    if (!one) {
      await pause(QUIET_MS);
      continue;
    }
    const other = random.percent(30) ? choose(faults.filter((each) => canMeet(one, each))) : undefined;
    await Promise.all([one, ...(other ? [other] : [])].map(strike));
    await between(random, 200, QUIET_MS);
  }
  return { counts, losses };
}

const canMeet = (one: Fault, other: Fault) => one.area !== other.area && !one.loses && !other.loses;

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0] as T);
}
