import type { Logger } from "../logger.ts";
import { type Client, isCluster } from "./clients.ts";

/** Hears of a message on a channel. */
export type Hearer = (payload: Buffer) => void;

interface Channel {
  readonly hearers: Set<Hearer>;
  /** Settles with the first confirmation. */
  confirmed: Promise<void>;
}

/** Channels that are subscribed to again in one command, where they may lie in different slots. */
const BATCH = 500;

/**
 * Sharded subscriptions, counted: a channel is subscribed to while somebody listens. After every reconnection it subscribes again by
 * itself, and knows when that is done: whoever has to look for what was missed looks after that.
 */
export class Subscriptions {
  readonly #client: Client;
  readonly #logger: Logger;
  readonly #channels = new Map<string, Channel>();
  #restoring: Promise<void> | undefined;

  constructor(client: Client, logger: Logger) {
    this.#client = client;
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

  /** Subscribes to everything again; resolves when Redis has confirmed all of it. Calls that come meanwhile share one more round. */
  async restore(): Promise<void> {
    await this.#restoring?.catch(() => {});
    await (this.#restoring ??= this.#subscribeAll().finally(() => (this.#restoring = undefined)));
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
    // If it fails the connection is gone, and the subscription with it.
    this.#client.sunsubscribe(name).catch(() => {});
  }

  async #subscribeAll(): Promise<void> {
    const names = [...this.#channels.keys()];
    // Channels of one command have to lie in one slot of a Cluster.
    const step = isCluster(this.#client) ? 1 : BATCH;
    const commands: Promise<unknown>[] = [];
    for (let from = 0; from < names.length; from += step)
      commands.push(this.#client.ssubscribe(...names.slice(from, from + step)));
    await Promise.all(commands);
  }
}
