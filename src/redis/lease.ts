import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { RedisLink } from "./link.ts";
import { readScript } from "./script.ts";

const ACQUIRE = readScript(import.meta.url, "lua/acquire.lua");
const RENEW = readScript(import.meta.url, "lua/renew.lua");
const RELEASE = readScript(import.meta.url, "lua/release.lua");

export interface LeaseOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Its name in Redis. What is done under it lies in the same slot, so that one script can compare the token and do it. */
  readonly key: string;
  /** A worker's boot id. Whoever has the same one is the same holder. */
  readonly holder: string;
  /** After so long without a word of its holder it is another's. */
  readonly ttlMs: number;
  /** How often it is renewed, and how often those who have not got it try. A fraction of `ttlMs`. */
  readonly renewMs: number;
  gained(): void;
  /** It has run out, or another has it. Not called by `close`. */
  lost(): void;
  /** Milliseconds that only ever grow: by the wall clock a lease could seem to last for ever. */
  readonly monotonic?: () => number;
}

/** Something that one worker in the whole cluster has. */
export interface Lease {
  readonly held: boolean;
  /**
   * What a script compares with the lease's key before it writes (a fencing token): between a look at `held` and the write the holder may
   * have slept for longer than the lease. Another one each time that it is gained.
   */
  readonly token: string | undefined;
  readonly key: string;
  /** Gives it back, so that another has it at once. Never rejects. */
  close(): Promise<void>;
}

/**
 * Tries to hold a lease, from now until it is closed, and goes on trying when it was lost.
 *
 * @see https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html for why a lease needs the token
 */
export function holdLease(options: LeaseOptions): Lease {
  return new RedisLease(options);
}

class RedisLease implements Lease {
  readonly key: string;
  readonly #options: LeaseOptions;
  readonly #monotonic: () => number;
  #token: string | undefined;
  /** By our own clock, and never later than in Redis: it counts from before the command was sent. */
  #runsOutAt = 0;
  #trying: Promise<void> | undefined;
  /** It was given back while an attempt was under way that may not have seen it. */
  #again = false;
  #closed = false;
  #listening: Promise<() => void> | undefined;
  #callOffNext = () => {};
  #callOffEnd = () => {};

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.key = options.key;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.#beat();
  }

  get held(): boolean {
    return this.token !== undefined;
  }

  get token(): string | undefined {
    // Whoever wakes late may get here before the timer that tells: nothing is done under a lease that has run out.
    if (this.#token !== undefined && this.#monotonic() >= this.#runsOutAt) this.#lose();
    return this.#token;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#callOffNext();
    void this.#listening?.then(
      (leave) => leave(),
      () => {},
    );
    await this.#trying;
    const token = this.#forget();
    if (token !== undefined) await this.#release(token);
  }

  #beat(): void {
    this.#callOffNext();
    if (this.#closed) return;
    this.#callOffNext = this.#options.clock.after(this.#options.renewMs, () => this.#beat());
    this.#listen();
    this.#again = this.#trying !== undefined;
    this.#trying ??= this.#try().finally(() => {
      this.#trying = undefined;
      if (this.#again) this.#beat();
    });
  }

  /** To whoever gives it back. */
  #listen(): void {
    const { link } = this.#options;
    if (this.#listening || !link.up) return;
    this.#listening = link.subscribe(this.key, () => this.#token === undefined && this.#beat());
    this.#listening.catch(() => (this.#listening = undefined));
  }

  /** Never rejects: while Redis is out a lease is neither renewed nor gained. */
  async #try(): Promise<void> {
    const { link, holder, ttlMs, logger } = this.#options;
    const { token } = this;
    const sentAt = this.#monotonic();
    try {
      if (token === undefined) {
        const given = (await link.script(ACQUIRE, [this.key], [holder, ttlMs])) as string | null;
        if (given !== null) await this.#gain(given, sentAt);
        return;
      }
      const renewed = (await link.script(RENEW, [this.key], [token, ttlMs])) === 1;
      if (this.token !== token) return;
      if (renewed) this.#extend(sentAt);
      else this.#lose();
    } catch (error) {
      logger.debug({ err: error, lease: this.key }, "a lease could not be renewed or tried for");
    }
  }

  async #gain(token: string, sentAt: number): Promise<void> {
    if (this.#closed) return this.#release(token);
    // The answer may have taken longer than the lease lasts.
    if (this.#monotonic() >= sentAt + this.#options.ttlMs) return;
    this.#token = token;
    this.#extend(sentAt);
    this.#options.logger.debug({ lease: this.key }, "a lease was gained");
    this.#options.gained();
  }

  #extend(sentAt: number): void {
    this.#runsOutAt = sentAt + this.#options.ttlMs;
    this.#callOffEnd();
    const look = () => {
      const leftMs = this.#runsOutAt - this.#monotonic();
      if (leftMs > 0) this.#callOffEnd = this.#options.clock.after(Math.ceil(leftMs), look);
      else if (this.#token !== undefined) this.#lose();
    };
    look();
  }

  #lose(): void {
    this.#forget();
    this.#options.logger.debug({ lease: this.key }, "a lease was lost");
    this.#options.lost();
  }

  #forget(): string | undefined {
    const token = this.#token;
    this.#token = undefined;
    this.#callOffEnd();
    return token;
  }

  async #release(token: string): Promise<void> {
    // Where it cannot be given back, it runs out.
    await this.#options.link.script(RELEASE, [this.key], [token]).catch(() => {});
  }
}
