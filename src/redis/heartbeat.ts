import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { within } from "../deadline.ts";
import type { Client } from "./clients.ts";
import { PARTITIONS, tagOf } from "./partition.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** How often Redis is asked. */
const BEAT_MS = 500;

/** How often while it is out. */
const RECOVERY_MS = 50;

/** Without an answer for so long it counts as out, whatever the client's status says: a stalled Redis is "ready" to it. */
const ANSWER_MS = 1_000;

/** A beat that was published and not heard for so long shows a subscriber that hears nothing. */
const HEARD_MS = 2_000;

/** A connection that looks well and does not answer for so long is half open: it is dropped, and made anew. */
const HALF_OPEN_MS = 5_000;

/** So many partitions of a Cluster are asked: every master has one of them, unless it has next to no slots. */
const SPREAD = 16;

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly prefix: string;
  readonly client: Client;
  readonly subscriptions: Subscriptions;
  /** Of this link; nobody else has it. */
  readonly id: string;
  /** Whether there are several masters to ask. */
  readonly spread: boolean;
  /** Drops the connections, for new ones. */
  reconnect(): void;
  /** Something published may have been missed, or what was stored may be gone. */
  suspicious(why: string): void;
}

/**
 * Asks Redis twice a second, and hears itself over the subscriber. It tells a stalled, half-open or emptied Redis from one that is
 * well. What it asks for is each partition's birth: a time that is written once, so that another one (or none) shows a loss.
 */
export class Heartbeat {
  readonly first: Promise<void>;
  readonly #options: HeartbeatOptions;
  readonly #partitions: readonly number[];
  readonly #births = new Map<number, string>();
  #resolveFirst: () => void = () => {};
  #alive = false;
  #heardAt: number;
  #answeredAt: number;
  #late = false;
  #closed = false;
  #listening = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    const step = options.spread ? PARTITIONS / SPREAD : PARTITIONS;
    this.#partitions = Array.from({ length: PARTITIONS / step }, (_, index) => index * step);
    this.first = new Promise((resolve) => (this.#resolveFirst = resolve));
    this.#heardAt = this.#answeredAt = options.clock.now();
    void this.#beat();
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Writes the births that are missing: after it, a partition that has none was lost since. */
  async settle(): Promise<void> {
    const { client, clock, prefix } = this.#options;
    const now = String(clock.now());
    const all = Array.from({ length: PARTITIONS }, (_, partition) => birthKey(prefix, partition));
    await within(clock, ANSWER_MS * 2, () => Promise.all(all.map((key) => client.set(key, now, "NX"))));
    this.#births.clear();
    await this.#ask();
  }

  close(): void {
    this.#closed = true;
    this.#alive = false;
  }

  async #beat(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#ask();
        await this.#publish();
        this.#turn(true);
      } catch {
        this.#turn(false);
      }
      const pauseMs = this.#alive ? BEAT_MS : RECOVERY_MS;
      await new Promise<void>((resolve) => this.#options.clock.after(pauseMs, resolve));
    }
  }

  #turn(alive: boolean): void {
    if (this.#closed) return;
    const { client, logger, clock, reconnect, suspicious } = this.#options;
    if (this.#alive !== alive) logger[alive ? "info" : "warn"]({}, alive ? "Redis answers" : "Redis does not answer");
    if (alive && !this.#alive) {
      this.#heardAt = clock.now();
      suspicious("Redis was out");
    }
    this.#alive = alive;
    if (alive) this.#resolveFirst();
    if (alive || client.status !== "ready") this.#answeredAt = clock.now();
    else if (clock.now() - this.#answeredAt > HALF_OPEN_MS) {
      this.#answeredAt = clock.now();
      reconnect();
    }
    const late = alive && clock.now() - this.#heardAt > HEARD_MS;
    if (late && !this.#late) suspicious("the heartbeat is late");
    this.#late = late;
  }

  /** Rejects unless somebody answers in time; where only some masters are out, their commands fail by themselves. */
  async #ask(): Promise<void> {
    const { client, clock, prefix, suspicious } = this.#options;
    // Otherwise the questions of a long outage would wait in the client's queue.
    if (client.status !== "ready") throw new Error("not connected");
    const answers = await Promise.allSettled(
      this.#partitions.map((partition) =>
        within(clock, ANSWER_MS, () => client.get(birthKey(prefix, partition))).then((birth) => ({ partition, birth })),
      ),
    );
    const answered = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    if (answered.length === 0) throw new Error("no answer");
    const isLost = answered.some(({ partition, birth }) => {
      const known = this.#births.get(partition);
      if (birth !== null) this.#births.set(partition, birth);
      return birth === null || (known !== undefined && known !== birth);
    });
    if (isLost) suspicious("Redis has lost what it held");
  }

  /** To itself, by way of the subscriber. */
  async #publish(): Promise<void> {
    const { client, clock, subscriptions, prefix, id } = this.#options;
    const channels = this.#partitions.map((partition) => `${prefix}:${tagOf(partition)}:beat:${id}`);
    if (!this.#listening) {
      this.#listening = true;
      const heard = () => (this.#heardAt = clock.now());
      Promise.all(channels.map((channel) => subscriptions.subscribe(channel, heard))).catch(() => {
        this.#listening = false;
      });
    }
    await within(clock, ANSWER_MS, () => Promise.all(channels.map((channel) => client.spublish(channel, "1"))));
  }
}

/** Where a partition's birth is kept: scripts of the log read it as well. Epoch milliseconds. */
export const birthKey = (prefix: string, partition: number) => `${prefix}:${tagOf(partition)}:born`;
