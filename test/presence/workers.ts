import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "../../src/clock.ts";
import { joinWorkers, type Workers } from "../../src/cluster/workers.ts";
import { silent } from "../../src/logger.ts";
import type { Member, PresenceChange } from "../../src/presence/index.ts";
import { type RedisPresence, redisPresence } from "../../src/presence/redis.ts";
import type { RedisLink } from "../../src/redis/link.ts";
import { keysOf } from "../../src/redis/partition.ts";
import { type FakeClock, fakeClock } from "../kit/clock.ts";
import { openLink } from "../kit/link.ts";
import { eventually } from "../kit/wait.ts";

/** Real time passes for leases, so that they are short, and yet longer than a busy machine makes them wait; graces and gatherings go by the fake clock. */
export const LEASE_MS = 1_000;

/** Time moves in such steps: what falls due in one of them has come to pass, in Redis too, before the next. */
const STEP_MS = 250;

/** The machine's clock for an event loop that can stand still: what falls due meanwhile happens when it goes on. */
export interface StallingClock extends Clock {
  stall(): void;
  wake(): void;
}

function stallingClock(): StallingClock {
  let stalled = false;
  const due = new Set<() => void>();
  return {
    now: () => systemClock.now(),
    after(ms, act) {
      const callOff = systemClock.after(ms, () => (stalled ? due.add(act) : act()));
      return () => {
        due.delete(act);
        callOff();
      };
    },
    stall: () => void (stalled = true),
    wake() {
      stalled = false;
      for (const act of due) {
        due.delete(act);
        act();
      }
    },
  };
}

/** One of several workers, with all that it needs of its own. */
export interface PresenceWorker {
  readonly id: string;
  readonly link: RedisLink;
  readonly workers: Workers;
  readonly presence: RedisPresence;
  /** Of its lease and its link: what a stalled event loop holds up. */
  readonly eventLoop: StallingClock;
  /** What this worker told. */
  readonly told: PresenceChange[];
  /** As by `kill -9`: it does nothing any more, and says nothing of it. */
  kill(): void;
}

/** Workers in this process that share a Redis and a time of their own. */
export class PresenceCluster implements Disposable {
  readonly prefix = `test-${randomBytes(6).toString("hex")}`;
  readonly clock: FakeClock = fakeClock();
  readonly #url: string;
  readonly #leaseMs: number;
  readonly #startMs = this.clock.now();
  readonly #all: PresenceWorker[] = [];

  constructor(url: string, leaseMs = LEASE_MS) {
    this.#url = url;
    this.#leaseMs = leaseMs;
  }

  /** Where who is registered stands. */
  get registry(): string {
    return keysOf(this.prefix, "workers")("workers");
  }

  lease({ id }: PresenceWorker): string {
    return keysOf(this.prefix, "workers")("worker", id);
  }

  /** Starts a worker, which may have a way to Redis of its own; resolves when it holds its lease. */
  async start(url = this.#url): Promise<PresenceWorker> {
    const { prefix, clock } = this;
    const eventLoop = stallingClock();
    const link = openLink(url, prefix, { clock: eventLoop });
    const id = randomBytes(6).toString("hex");
    const info = { id, host: "test", pid: process.pid, startedAt: Date.now(), version: "0.0.0", protocol: 1 } as const;
    const workers = joinWorkers({ link, clock: eventLoop, logger: silent, info, leaseMs: this.#leaseMs });
    const skewMs = () => clock.now() - this.#startMs;
    const presence = redisPresence({ link, workers, clock, logger: silent, skewMs });
    const told: PresenceChange[] = [];
    presence.listen((change) => told.push(change));
    const kill = () => {
      presence.close();
      workers.close();
      link.close();
    };
    const worker = { id, link, workers, presence, eventLoop, told, kill };
    this.#all.push(worker);
    await eventually(() => workers.held);
    return worker;
  }

  two() {
    return Promise.all([this.start(), this.start()]);
  }

  three() {
    return Promise.all([this.start(), this.start(), this.start()]);
  }

  /** Lets time pass for graces and gatherings. */
  async advance(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
      await this.clock.advance(Math.min(leftMs, STEP_MS));
      // What the reply to one command sets off may be another.
      await this.roundTrips(2);
    }
  }

  /** Lets workers go on with what they have begun, by so many of its steps: each is a round trip, as those made here. */
  async roundTrips(count = 25): Promise<void> {
    for (let left = count; left > 0; left--) {
      const up = this.#all.filter(({ link }) => link.up);
      await Promise.all(up.map(({ link }) => link.run((client) => client.ping())));
    }
  }

  /** All that was told of a room, by whichever worker, by version. */
  told(room: string): PresenceChange[] {
    const all = this.#all.flatMap(({ told }) => told).filter((change) => change.room === room);
    return all.toSorted((one, other) => one.version - other.version);
  }

  /** Who was told of as joined or left, each as often as it was. */
  names(room: string): { joined: string[]; left: string[] } {
    const told = this.told(room);
    return { joined: told.flatMap(({ joined }) => idsOf(joined)), left: told.flatMap(({ left }) => idsOf(left)) };
  }

  [Symbol.dispose](): void {
    for (const { kill } of this.#all) kill();
  }
}

const idsOf = (members: readonly Member[]) => members.map(({ id }) => id);

/** Where everything happens that is about one room. */
export const ROOM = "lobby";

export const member = (id: string): Member => ({ id, name: `The ${id}` });

export const enter = ({ presence }: PresenceWorker, user: string, connection = user) =>
  presence.enter(ROOM, member(user), connection);

export const leave = ({ presence }: PresenceWorker, user: string, connection = user) =>
  presence.leave(ROOM, user, connection);

export const drop = ({ presence }: PresenceWorker, user: string, connection = user) =>
  presence.leave(ROOM, user, connection, "dropped");

/** The ids of those who attend, sorted. */
export const there = async ({ presence }: PresenceWorker) =>
  (await presence.attending(ROOM, Infinity)).members.map(({ id }) => id).toSorted();

/** Waits until workers take a missing lease for a dead worker, and have been told so. */
export async function settled(...workers: PresenceWorker[]): Promise<void> {
  await eventually(() => workers.every((each) => each.workers.settled), 10_000);
  await Promise.all(workers.map((each) => each.workers.refresh()));
}
