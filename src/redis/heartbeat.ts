import { type Clock, pause } from "../clock.ts";
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
  /** The connection over which this link publishes. */
  readonly publisher: Client;
  readonly subscriptions: Subscriptions;
  /** Of this link; nobody else has it. */
  readonly id: string;
  /** Whether there are several masters to ask. */
  readonly spread: boolean;
  /** Drops the connections, for new ones. */
  reconnect(): void;
  /** The same for the one that hears. */
  reconnectSubscriber(): void;
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
  /** When each partition that is asked for was last heard of by way of the subscriber, or could not have been. */
  readonly #heardAt = new Map<number, number>();
  #alive = false;
  #answeredAt: number;
  #late = false;
  #closed = false;
  readonly #listening = new Set<number>();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    const step = options.spread ? PARTITIONS / SPREAD : PARTITIONS;
    this.#partitions = Array.from({ length: PARTITIONS / step }, (_, index) => index * step);
    this.first = new Promise((resolve) => (this.#resolveFirst = resolve));
    this.#answeredAt = options.clock.now();
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
    // Those of a master that is out are written when it is back: its partitions are among those that are asked for.
    await Promise.any(all.map((key) => within(clock, ANSWER_MS, () => client.set(key, now, "NX"))));
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
        const answered = await this.#ask();
        await this.#publish();
        this.#turn(true);
        this.#listen(answered);
      } catch {
        this.#turn(false);
      }
      const pauseMs = this.#alive ? BEAT_MS : RECOVERY_MS;
      await pause(this.#options.clock, pauseMs);
    }
  }

  #turn(alive: boolean): void {
    if (this.#closed) return;
    const { client, logger, clock, reconnect, suspicious } = this.#options;
    if (this.#alive !== alive) logger[alive ? "info" : "warn"]({}, alive ? "Redis answers" : "Redis does not answer");
    if (alive && !this.#alive) {
      this.#heardAt.clear();
      suspicious("Redis was out");
    }
    this.#alive = alive;
    if (alive) this.#resolveFirst();
    if (alive || client.status !== "ready") this.#answeredAt = clock.now();
    else if (clock.now() - this.#answeredAt > HALF_OPEN_MS) {
      this.#answeredAt = clock.now();
      reconnect();
    }
  }

  /** Looks whether the subscriber still hears of those that answer. */
  #listen(answered: readonly number[]): void {
    const { clock, reconnectSubscriber, suspicious } = this.#options;
    const now = clock.now();
    // Of a master that does not answer nobody can hear anything: that is no fault of the subscriber's.
    for (const partition of this.#partitions)
      if (!answered.includes(partition) || !this.#heardAt.has(partition)) this.#heardAt.set(partition, now);
    const unheardMs = now - Math.min(...this.#heardAt.values());
    const late = unheardMs > HEARD_MS;
    if (late && !this.#late) suspicious("the heartbeat is late");
    this.#late = late;
    if (unheardMs <= HALF_OPEN_MS) return;
    this.#heardAt.clear();
    reconnectSubscriber();
  }

  /**
   * Rejects unless somebody answers in time; where only some masters are out, their commands fail by themselves.
   * @returns the partitions that have answered.
   */
  async #ask(): Promise<number[]> {
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
    return answered.map(({ partition }) => partition);
  }

  /** To itself, by way of the subscriber. */
  async #publish(): Promise<void> {
    const { publisher, clock, subscriptions, prefix, id } = this.#options;
    const channelOf = (partition: number) => `${prefix}:${tagOf(partition)}:beat:${id}`;
    for (const partition of this.#partitions) {
      if (this.#listening.has(partition)) continue;
      this.#listening.add(partition);
      subscriptions
        .subscribe(channelOf(partition), () => void this.#heardAt.set(partition, clock.now()))
        .catch(() => this.#listening.delete(partition));
    }
    if (publisher.status !== "ready") {
      // Redis is not out because one connection to it was lost; but it is not back before that one is.
      if (!this.#alive) throw new Error("not connected");
      this.#heardAt.clear();
      return;
    }
    // Those of a master that is out fail by themselves, as its commands do.
    await Promise.any(
      this.#partitions.map((partition) =>
        within(clock, ANSWER_MS, () => publisher.spublish(channelOf(partition), "1")),
      ),
    );
  }
}

/** Where a partition's birth is kept: scripts of the log read it as well. Epoch milliseconds. */
export const birthKey = (prefix: string, partition: number) => `${prefix}:${tagOf(partition)}:born`;
