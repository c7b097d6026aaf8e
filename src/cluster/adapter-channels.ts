import type { Clock } from "../clock.ts";
import { isCluster } from "../redis/clients.ts";
import type { RedisLink } from "../redis/link.ts";

/** Between two attempts to subscribe to what could not be subscribed to. */
const RETRY_MS = 100;

type Handler = (payload: Buffer, channel: string) => void;

interface Wanted {
  readonly hear: (payload: Buffer) => void;
  /** Settles with the attempt that is under way; never rejects. */
  attempt: Promise<void> | undefined;
  /** Once it is subscribed to. */
  leave: (() => void) | undefined;
}

export interface ChannelsOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
}

/**
 * The little of a client of the package `redis` that the sharded adapter calls, over the link: it never waits for a Redis that is
 * out, never rejects where nobody would catch it, and leaves nothing behind that is sent later. A subscription that fails is tried
 * again until it stands.
 */
export class AdapterChannels {
  /** Resolves when all that was subscribed to stands for the first time. */
  readonly ready: Promise<void>;
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #wanted = new Map<string, Wanted>();
  readonly #stopListening: () => void;
  /** Nothing once it was called. */
  #resolveReady: (() => void) | undefined;
  #stopRetrying: (() => void) | undefined;
  #closed = false;
  #workers = 1;

  constructor({ link, clock }: ChannelsOptions) {
    this.#link = link;
    this.#clock = clock;
    this.ready = new Promise((resolve) => (this.#resolveReady = resolve));
    this.#stopListening = link.onGap(() => this.#retry());
  }

  sSubscribe(channel: string, handler: Handler): void {
    if (this.#closed) return;
    const wanted: Wanted = {
      // One that is being left may be subscribed to again already: then only the newer one hears.
      hear: (payload) => this.#wanted.get(channel) === wanted && handler(payload, channel),
      attempt: undefined,
      leave: undefined,
    };
    this.#wanted.set(channel, wanted);
    this.#attempt(channel, wanted);
  }

  sUnsubscribe(channel: string): void {
    this.#wanted.get(channel)?.leave?.();
    this.#wanted.delete(channel);
  }

  /** Resolves when a subscription stands, or could not be made for now; nothing where there is none to wait for. */
  settled(channel: string): Promise<void> | undefined {
    return this.#wanted.get(channel)?.attempt;
  }

  /** @throws CarillonError `unavailable` */
  sPublish(channel: string, payload: string | Buffer): Promise<void> {
    return this.#link.publish(channel, payload);
  }

  /**
   * Answers `PUBSUB SHARDNUMSUB channel`: how many workers there are. While Redis is out it is as many as there were, so that
   * whoever asks them all is told that not all have answered; the adapter would not catch a refusal.
   */
  async sendCommand(command: readonly string[]): Promise<[string, number]> {
    const [, , channel = ""] = command;
    try {
      this.#workers = await this.#link.run(async (client) => {
        const nodes = isCluster(client) ? client.nodes("master") : [client];
        const replies = await Promise.all(nodes.map((node) => node.call("PUBSUB", "SHARDNUMSUB", channel)));
        return (replies as [string, number][]).reduce((sum, [, count]) => sum + count, 0);
      });
    } catch {
      // Counted by the link.
    }
    return [channel, this.#workers];
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#stopRetrying?.();
    for (const { leave } of this.#wanted.values()) leave?.();
    this.#wanted.clear();
  }

  #attempt(channel: string, wanted: Wanted): void {
    wanted.attempt = this.#link
      .subscribe(channel, wanted.hear)
      .then(
        (leave) => {
          if (this.#wanted.get(channel) === wanted) wanted.leave = leave;
          else leave();
        },
        () => this.#retryLater(),
      )
      .finally(() => {
        wanted.attempt = undefined;
        if (!this.#resolveReady || [...this.#wanted.values()].some(({ leave }) => !leave)) return;
        this.#resolveReady();
        this.#resolveReady = undefined;
      });
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#stopRetrying ??= this.#clock.after(RETRY_MS, () => {
      this.#stopRetrying = undefined;
      if (this.#link.up) this.#retry();
      else this.#retryLater();
    });
  }

  #retry(): void {
    for (const [channel, wanted] of this.#wanted) if (!wanted.leave && !wanted.attempt) this.#attempt(channel, wanted);
  }
}
