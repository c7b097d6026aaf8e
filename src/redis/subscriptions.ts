import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import type { Logger } from "../logger.ts";
import { type Client, isCluster } from "./clients.ts";
import { gatherTurn } from "./turn.ts";

/** Hears of a message on a channel. */
export type Hearer = (payload: Buffer) => void;

interface Channel {
  readonly hearers: Set<Hearer>;
  /** Settles with the first confirmation. */
  confirmed: Promise<void>;
}

/** How long Redis may take to confirm. */
const CONFIRM_MS = 1_500;

/** Channels that are subscribed to again in one command; those of a Cluster may lie in different slots, and go one by one. */
const BATCH = 500;

/**
 * Sharded subscriptions, counted: a channel is subscribed to while somebody listens. After every reconnection it subscribes again by
 * itself, and knows when that is done: whoever has to look for what was missed looks after that.
 */
export class Subscriptions {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #channels = new Map<string, Channel>();
  /** Channels that Redis may not know of any more. */
  readonly #doubtful = new Set<string>();

  constructor(client: Client, { clock, logger }: { clock: Clock; logger: Logger }) {
    this.#client = client;
    this.#clock = clock;
    this.#logger = logger;
    client.on("smessageBuffer", (channel: Buffer, payload: Buffer) => this.#hear(channel.toString(), payload));
  }

  get size(): number {
    return this.#channels.size;
  }

  /** Resolves when Redis has confirmed; rejects when it could not, and then listens to nothing. */
  async subscribe(name: string, hearer: Hearer): Promise<() => void> {
    let channel = this.#channels.get(name);
    if (channel) channel.hearers.add(hearer);
    else {
      gatherTurn(this.#client);
      channel = { hearers: new Set([hearer]), confirmed: this.#client.ssubscribe(name).then(() => {}) };
      this.#channels.set(name, channel);
    }
    const leave = () => this.#leave(name, hearer);
    try {
      await channel.confirmed;
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Everything has to be subscribed to again. */
  doubt(): void {
    for (const name of this.#channels.keys()) this.#doubtful.add(name);
  }

  /**
   * Subscribes again to what is in doubt; resolves with whether Redis has confirmed all of it in time. Rejects where it has confirmed
   * nothing.
   */
  async restore(): Promise<boolean> {
    const names = [...this.#doubtful].filter((name) => this.#channels.has(name));
    this.#doubtful.clear();
    if (names.length === 0) return true;
    const confirmed = batches(names, isCluster(this.#client) ? 1 : BATCH).map(async (batch) => {
      try {
        await within(this.#clock, CONFIRM_MS, () => this.#subscribeAgain(batch));
      } catch (error) {
        for (const name of batch) this.#doubtful.add(name);
        throw error;
      }
    });
    await Promise.any(confirmed);
    // The masters of a Cluster are out one by one.
    return (await Promise.allSettled(confirmed)).every(({ status }) => status === "fulfilled");
  }

  #hear(name: string, payload: Buffer): void {
    for (const hearer of this.#channels.get(name)?.hearers ?? []) {
      try {
        hearer(payload);
      } catch (error) {
        // Whoever may publish could otherwise end the process with one bad message.
        this.#logger.warn({ err: error }, "a message from Redis could not be taken");
      }
    }
  }

  #leave(name: string, hearer: Hearer): void {
    const channel = this.#channels.get(name);
    if (!channel?.hearers.delete(hearer) || channel.hearers.size > 0) return;
    this.#channels.delete(name);
    this.#doubtful.delete(name);
    gatherTurn(this.#client);
    // If it fails the connection is gone, and the subscription with it.
    this.#client.sunsubscribe(name).catch(() => {});
  }

  #subscribeAgain(names: readonly string[]): Promise<unknown> {
    // Left first: the client of a Cluster would list the channel once more each time.
    if (isCluster(this.#client)) this.#client.sunsubscribe(...names).catch(() => {});
    return this.#client.ssubscribe(...names);
  }
}

function batches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
