import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/clock.ts";
import type { Appended, Entry } from "../../src/log/index.ts";
import { redisLog, type RedisLog, type RedisLogOptions } from "../../src/log/redis.ts";
import { type Watch, watch } from "../../src/log/watch.ts";
import { silent } from "../../src/logger.ts";
import type { RedisLink } from "../../src/redis/link.ts";
import { opened } from "../kit/leaks.ts";
import { openLink } from "../kit/link.ts";
import type { RedisServer } from "../kit/redis.ts";
import { Hearer } from "./hearer.ts";

export const newPrefix = () => `test-${randomBytes(6).toString("hex")}`;

let sent = 0;

/** A worker's log, over a link of its own. */
export class Worker implements Disposable {
  readonly prefix: string;
  readonly link: RedisLink;
  readonly log: RedisLog;
  /** How often it went to Redis. */
  trips = 0;
  /** What it was published that is no entry. */
  garbage = 0;
  readonly #watches: Watch[] = [];
  readonly #released = opened(this, "a worker's log");

  constructor(url: string, prefix: string, over: Partial<RedisLogOptions> = {}) {
    this.prefix = prefix;
    this.link = openLink(url, prefix, { roundTrip: () => void this.trips++ });
    const garbage = () => void this.garbage++;
    const { link } = this;
    const kept = { name: "room", size: 10_000, ttlSec: 3600, clock: systemClock, logger: silent, ...over };
    this.log = redisLog({ link, counted: { garbage }, ...kept });
  }

  /** Hears of everything that is written from now on, and fails on what does not follow. */
  async watch(topic = "topic"): Promise<Hearer> {
    const hearer = new Hearer();
    this.#watches.push(await watch(this.log, topic, hearer));
    return hearer;
  }

  /** Looks at once for what may have been missed. */
  async check(): Promise<void> {
    for (const watching of this.#watches) await watching.check();
  }

  send(id = `id-${sent++}`, topic = "topic"): Promise<Appended> {
    return this.log.append(topic, { id, by: "ann", kind: "sent", body: {}, content: { text: id } });
  }

  async sendMany(count: number): Promise<Entry[]> {
    const written: Entry[] = [];
    for (let left = count; left > 0; left--) written.push((await this.send()).entry);
    return written;
  }

  /** Sends again under the same id, for as long as the outcome is unknown. */
  async insist(id: string): Promise<Entry> {
    for (;;) {
      try {
        return (await this.send(id)).entry;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  [Symbol.dispose](): void {
    for (const watching of this.#watches) watching.close();
    this.log.close();
    this.link.close();
    this.#released();
  }
}

/** A worker that has reached Redis. */
export async function work(url: string, prefix: string, over?: Partial<RedisLogOptions>): Promise<Worker> {
  const worker = new Worker(url, prefix, over);
  await worker.link.ready;
  return worker;
}

/** What lies in one of the two hashes of a worker's topic, and under which key. */
export async function stored({ admin }: RedisServer, { prefix }: Worker, which: "entries" | "meta") {
  const [key = ""] = await admin.keys(`${prefix}:*:log:room:${which}:topic`);
  return { key, fields: await admin.hgetall(key) };
}

/** The channel on which the topic's entries are published. */
export async function channelOf(server: RedisServer, worker: Worker): Promise<string> {
  return (await stored(server, worker, "meta")).key.replace(":meta:", ":written:");
}
