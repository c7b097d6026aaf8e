import { type Clock, pause } from "../../../clock.ts";
import type { Logger } from "../../../logger.ts";
import { holdLease } from "../../../redis/lease.ts";
import type { RedisLink } from "../../../redis/link.ts";
import type { Sample } from "../sample.ts";
import { every, INTERVAL_MS } from "../sampler.ts";
import { createCallers } from "./callers.ts";
import { createHosts, type Hosts } from "./hosts.ts";
import { type History, namesOf, openHistory } from "./history.ts";
import { type Fleet, type Member, type Membership, NOTHING, type Report, type Wanted } from "./index.ts";
import { Call, MAX_NAMES, type Message, News, read, Row, write } from "./messages.ts";
import { takePart } from "./part.ts";
import { createRows } from "./rows.ts";

/** With the second that a new meter takes for its first reading, a sampler that died is replaced within 3 s. */
const LEASE_MS = 1_500;
const RENEW_MS = 350;

/** Half a second, so that silence is measured well enough to tell a host that died from one whose sampler did. */
const BEAT_MS = INTERVAL_MS / 2;

/** After so many beats without a sample, the workers of a host that is watched say that it is there all the same. */
const HELD_BEATS = 3;

const RETRY_MS = 200;

/** How long whoever wants to know what was sampled before waits for a Redis that does not answer. */
const RECALL_MS = 1_500;

export interface FleetOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This worker's boot id. */
  readonly worker: string;
}

/**
 * Workers that Redis joins. Whoever watches says so once a second; each worker of a host that is watched tells its host's others its own
 * row, and one of them, by a lease, reads the host and tells everybody. All of it may be lost but the recent past, which is kept for
 * workers that come later.
 */
export function redisFleet(options: FleetOptions): Fleet {
  return { join: (member) => new RedisMembership(options, member) };
}

const isNothing = (wanted: Wanted) => wanted !== "all" && wanted.size === 0;

class RedisMembership implements Membership {
  readonly recalled: Promise<void>;
  readonly #options: FleetOptions;
  readonly #member: Member;
  readonly #names: ReturnType<typeof namesOf>;
  readonly #history: History;
  readonly #callers = createCallers();
  readonly #rows = createRows();
  readonly #hosts: Hosts;
  readonly #unsubscribe: (() => void)[] = [];
  readonly #stopHearing: () => void;
  #wanted: Wanted = NOTHING;
  #stopPart: (() => Promise<void>) | undefined;
  #beats = 0;
  #stopBeating: (() => void) | undefined;
  /** What is heard while the past is being read comes after it. */
  #waiting: Report[] | undefined;
  #recalling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: FleetOptions, member: Member) {
    this.#options = options;
    this.#member = member;
    this.#names = namesOf(options.link);
    this.#history = openHistory(options.link);
    this.#hosts = createHosts(member, (host) => this.#callers.want(host));
    this.#stopHearing = options.link.onGap(() => void this.#recall());
    this.recalled = Promise.race([this.#open(), this.#after(RECALL_MS)]);
  }

  want(wanted: Wanted): void {
    if (isNothing(wanted) && isNothing(this.#wanted)) return;
    this.#wanted = wanted !== "all" && wanted.size > MAX_NAMES ? "all" : wanted;
    this.#call();
    this.#settle();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopHearing();
    this.#stopBeating?.();
    for (const leave of this.#unsubscribe) leave();
    if (!isNothing(this.#wanted)) this.#say(this.#names.calls, this.#calling(NOTHING));
    await this.#stopPart?.();
  }

  /** Listens from the start: nothing is said while nobody watches, and whoever watches later has the recent past at hand. */
  async #open(): Promise<void> {
    const { link } = this.#options;
    const { calls, news, rows } = this.#names;
    const channels = [
      [calls, (payload: Buffer) => this.#hearCall(payload)],
      [rows(this.#member.host), (payload: Buffer) => this.#hearRow(payload)],
      [news, (payload: Buffer) => this.#hearNews(payload)],
    ] as const;
    for (let next = 0; next < channels.length && !this.#closed;) {
      const [channel, hearer] = channels[next] ?? [news, () => {}];
      try {
        const leave = await link.subscribe(channel, hearer);
        if (this.#closed) return leave();
        this.#unsubscribe.push(leave);
        next++;
      } catch {
        await this.#after(RETRY_MS);
      }
    }
    if (this.#closed) return;
    // A call that was made before may have been heard by nobody.
    if (this.#callers.any) this.#call();
    await this.#recall();
  }

  /** What was sampled without this worker hearing of it. Never rejects. */
  #recall(): Promise<void> {
    return (this.#recalling = this.#recalling.then(() => this.#readHistory()));
  }

  async #readHistory(): Promise<void> {
    if (this.#closed) return;
    const waiting: Report[] = (this.#waiting = []);
    try {
      for await (const report of this.#history.recall()) this.#hosts.recalled(report);
    } catch (error) {
      this.#options.logger.debug({ err: error }, "what was sampled before could not be read");
    }
    this.#waiting = undefined;
    for (const report of waiting) this.#hosts.sampled(report);
  }

  #hearCall(payload: Buffer): void {
    const call = read(Call, payload);
    if (!call || call.worker === this.#options.worker) return;
    this.#callers.heard(call.worker, call.hosts === "all" ? "all" : new Set(call.hosts));
    this.#settle();
  }

  #hearRow(payload: Buffer): void {
    const message = read(Row, payload);
    if (!message) return;
    if ("row" in message) this.#rows.set(message.row);
    else this.#rows.delete(message.gone);
  }

  #hearNews(payload: Buffer): void {
    const news = read(News, payload);
    if (!news || this.#closed) return;
    if ("alive" in news) this.#hosts.alive(news.alive);
    else if (this.#waiting) this.#waiting.push(news.report);
    else this.#hosts.sampled(news.report);
  }

  /** Brings what this worker does to what is watched. */
  #settle(): void {
    if (this.#closed) return;
    const { host } = this.#member;
    if (this.#callers.want(host)) this.#stopPart ??= this.#takePart();
    else {
      void this.#stopPart?.();
      this.#stopPart = undefined;
    }
    this.#hosts.settle();
    if (this.#callers.any) this.#stopBeating ??= every(this.#options.clock, BEAT_MS, () => this.#beat());
    else {
      this.#stopBeating?.();
      this.#stopBeating = undefined;
    }
  }

  #beat(): void {
    // While Redis is out nobody is heard, which says nothing of anybody.
    if (!this.#options.link.up) return;
    this.#callers.age();
    const isCalling = !isNothing(this.#wanted);
    if (isCalling && this.#beats++ % 2 === 0) this.#call();
    else if (isCalling) this.#callers.heard(this.#options.worker, this.#wanted);
    const { ownSilent, gone } = this.#hosts.age();
    const { host } = this.#member;
    // Between two samplers: the host is there as long as one of its workers is.
    if (this.#callers.want(host) && ownSilent >= HELD_BEATS) this.#say(this.#names.news, { v: 1, alive: host });
    // Or every worker that starts from now on would have to find out by itself.
    for (const other of gone) this.#history.forget(other).catch(() => {});
    this.#settle();
  }

  #takePart(): () => Promise<void> {
    const { link, clock, logger, worker } = this.#options;
    const { host } = this.#member;
    const key = this.#names.lease(host);
    const rows = this.#names.rows(host);
    const stop = takePart({
      clock,
      logger,
      member: this.#member,
      rows: this.#rows,
      tell: (row) => this.#say(rows, { v: 1, row }),
      stand: (turn) =>
        holdLease({ link, clock, logger, key, holder: worker, ttlMs: LEASE_MS, renewMs: RENEW_MS, ...turn }),
      publish: (sample, token) => this.#publish(sample, token),
    });
    return async () => {
      this.#rows.delete(worker);
      this.#say(rows, { v: 1, gone: worker });
      await stop();
    };
  }

  #publish(sample: Sample, token: string): void {
    this.#history.tell(this.#member.report(sample), token).catch((error: unknown) => {
      // A second without a sample stays one.
      this.#options.logger.debug({ err: error }, "a sample could not be told");
    });
  }

  #call(): void {
    this.#callers.heard(this.#options.worker, this.#wanted);
    this.#say(this.#names.calls, this.#calling(this.#wanted));
  }

  #calling(wanted: Wanted): Message {
    return { v: 1, worker: this.#options.worker, hosts: wanted === "all" ? wanted : [...wanted] };
  }

  /** What is lost is said again with the next beat. */
  #say(channel: string, message: Message): void {
    this.#options.link.publish(channel, write(message)).catch(() => {});
  }

  #after(ms: number): Promise<void> {
    return pause(this.#options.clock, ms);
  }
}
