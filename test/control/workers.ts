import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { Order } from "../../src/control/index.ts";
import { redisControl, type RedisControl } from "../../src/control/redis.ts";
import { redisLog, type RedisLog } from "../../src/log/redis.ts";
import type { RedisLink } from "../../src/redis/link.ts";
import { opened } from "../kit/leaks.ts";
import { openLink } from "../kit/link.ts";
import { keepLogs, type LogLine } from "../kit/logs.ts";

export const newPrefix = () => `test-${randomBytes(6).toString("hex")}`;

/** One worker's control, over a link and a log of its own. */
export interface Worker extends Disposable {
  readonly control: RedisControl;
  readonly log: RedisLog;
  readonly link: RedisLink;
  /** Every order that its listeners heard of, in order. */
  readonly heard: readonly Order[];
  /** What it has logged. */
  readonly lines: readonly LogLine[];
  /** Lets so much time pass by its clock. */
  advance(ms: number): Promise<void>;
  now(): number;
}

/** The machine's clock, and a way to set it forward: timers run as they would. */
function skewedClock(skewMs: number): { clock: Clock; advance(ms: number): Promise<void> } {
  let skew = skewMs;
  return {
    clock: { now: () => systemClock.now() + skew, after: systemClock.after },
    async advance(ms) {
      skew += ms;
    },
  };
}

export interface WorkerOptions {
  /** How far its clock is ahead. */
  readonly skewMs?: number;
  /** How many orders the log holds. */
  readonly size?: number;
}

/** Starts a worker without waiting for anything: Redis may be out. */
export function startWorker(url: string, prefix: string, { skewMs = 0, size = 10_000 }: WorkerOptions = {}): Worker {
  const { clock, advance } = skewedClock(skewMs);
  const { logger, lines } = keepLogs();
  const link = openLink(url, prefix, { logger });
  const log = redisLog({ link, name: "control", size, ttlSec: 30 * 86_400, clock: systemClock, logger });
  const control = redisControl({ link, log, clock, logger });
  const heard: Order[] = [];
  control.listen((order) => heard.push(order));
  const released = opened(control, "a worker's control");
  return {
    control,
    log,
    link,
    heard,
    lines,
    advance,
    now: () => clock.now(),
    [Symbol.dispose]() {
      control.close();
      log.close();
      link.close();
      released();
    },
  };
}

/** A worker that knows what stands. */
export async function readyWorker(url: string, prefix: string, options: WorkerOptions = {}): Promise<Worker> {
  const worker = startWorker(url, prefix, options);
  await worker.control.loaded;
  return worker;
}

/** So many entries are on their way at a time: none of them may come to wait for longer than a command is waited for. */
const AT_ONCE = 250;

/** Bans users for ever, as a worker has done that is not there any more. */
export async function plantBans({ log }: Worker, room: string, users: readonly string[]): Promise<void> {
  for (let from = 0; from < users.length; from += AT_ONCE) {
    await Promise.all(
      users.slice(from, from + AT_ONCE).map((user) => {
        const keeps = { [`ban ${room} ${user}`]: "Infinity" };
        const body = { order: { action: "ban", room, user }, keeps };
        const draft = { id: `ban-of-${user}`, by: "worker of another day", kind: "issued", body };
        return log.append("orders", draft, {}, keeps);
      }),
    );
  }
}
