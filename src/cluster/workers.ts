import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { RedisLink } from "../redis/link.ts";
import { readScript } from "../redis/script.ts";
import { parseRegistry, type Registered, type WorkerInfo } from "./worker-info.ts";

export type { WorkerInfo } from "./worker-info.ts";

const RENEW = readScript(import.meta.url, "lua/renew.lua");
const FORGET = readScript(import.meta.url, "lua/forget.lua");

/** How long a worker counts as there without a word of it. Well above a stalled event loop and a slow Redis together. */
export const LEASE_MS = 6_000;

/** So many renewals fit into a lease: one or two may fail. */
const RENEWALS = 4;

/** After a lease has run out, until it is looked at. */
const LAPSED_MS = 20;

/** The workers of a cluster, as one of them sees it. */
export interface Workers {
  readonly id: string;
  /** Whether its own lease runs, as far as it can know: without one, others may be taking over what it had. */
  readonly held: boolean;
  /**
   * Whether it has renewed its own lease for a whole lease's time since Redis came back. Only then a missing lease of
   * another shows that one to be dead: before, it may have had no chance to renew it.
   */
  readonly settled: boolean;
  /** As last seen, itself included. It goes on being what it was while Redis is out. */
  live(): readonly WorkerInfo[];
  /** Whether a worker had its lease when last seen, also where its entry is not understood. */
  isAlive(id: string): boolean;
  /** Looks again. @throws CarillonError `unavailable` */
  refresh(): Promise<readonly WorkerInfo[]>;
  /**
   * Hears of each worker that is dead, to take over what it had; on every worker, and again until it succeeds somewhere. One that is
   * done with it removes the dead one from the registry.
   */
  onDead(listener: (id: string) => void | Promise<void>): () => void;
  /** Hears that its own lease had been missing, so that others may have taken over what it has; it holds one again. */
  onRegistered(listener: () => void): () => void;
  /** Hears that it has become `settled`. */
  onSettled(listener: () => void): () => void;
  /** It is going away: it lets its lease run out, and sweeps nobody any more. Resolves when no renewal is under way. */
  leave(): Promise<void>;
  close(): void;
}

export interface WorkersOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly info: WorkerInfo;
  /** `LEASE_MS` unless told; the same on all workers. */
  readonly leaseMs?: number;
}

/**
 * Puts a worker among the others, from now on: it takes its lease as soon as Redis answers, and takes it again whenever it is gone.
 */
export function joinWorkers(options: WorkersOptions): Workers {
  return new Membership(options);
}

class Membership implements Workers {
  readonly id: string;
  readonly #options: WorkersOptions;
  readonly #leaseMs: number;
  readonly #registry: string;
  readonly #leases: string;
  readonly #entry: string;
  readonly #live = new Map<string, WorkerInfo>();
  #leased: ReadonlySet<string> = new Set();
  readonly #dead = new Set<(id: string) => void | Promise<void>>();
  readonly #registered = new Set<() => void>();
  readonly #settled = new Set<() => void>();
  readonly #sweeping = new Set<string>();
  readonly #stopHearing: () => void;
  /** When the last renewal that succeeded was sent. */
  #renewedAt: number | undefined;
  /** When the first of those was answered that have succeeded without a break since. */
  #since: number | undefined;
  #wasSettled = false;
  #leaving = false;
  #closed = false;
  #callOff = () => {};

  constructor(options: WorkersOptions) {
    const { link, info, leaseMs = LEASE_MS } = options;
    this.id = info.id;
    this.#options = options;
    this.#leaseMs = leaseMs;
    const key = link.keys("workers");
    this.#registry = key("workers");
    this.#leases = key("worker", "");
    this.#entry = JSON.stringify(info);
    this.#live.set(info.id, info);
    // What was stored may be gone, the lease with it.
    this.#stopHearing = link.onGap(() => this.#beat());
    this.#beat();
  }

  get held(): boolean {
    const { clock } = this.#options;
    return !this.#leaving && this.#renewedAt !== undefined && clock.now() - this.#renewedAt < this.#leaseMs;
  }

  get settled(): boolean {
    return this.held && this.#since !== undefined && this.#options.clock.now() - this.#since >= this.#leaseMs;
  }

  live(): readonly WorkerInfo[] {
    return [...this.#live.values()];
  }

  isAlive(id: string): boolean {
    return id === this.id || this.#leased.has(id);
  }

  async refresh(): Promise<readonly WorkerInfo[]> {
    await this.#renew();
    return this.live();
  }

  onDead(listener: (id: string) => void | Promise<void>): () => void {
    this.#dead.add(listener);
    return () => void this.#dead.delete(listener);
  }

  onRegistered(listener: () => void): () => void {
    this.#registered.add(listener);
    return () => void this.#registered.delete(listener);
  }

  onSettled(listener: () => void): () => void {
    this.#settled.add(listener);
    return () => void this.#settled.delete(listener);
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    // Behind whatever renewal is under way.
    await this.#renew().catch(() => {});
  }

  close(): void {
    this.#closed = true;
    this.#callOff();
    this.#stopHearing();
    for (const listeners of [this.#dead, this.#registered, this.#settled]) listeners.clear();
  }

  /** Renews now, and from then on in time. What fails is tried again with the next beat. */
  #beat(): void {
    this.#callOff();
    if (this.#closed) return;
    const { clock } = this.#options;
    const renewMs = this.#leaseMs / RENEWALS;
    const next = (ms: number) => {
      this.#callOff();
      if (!this.#closed) this.#callOff = clock.after(ms, () => this.#beat());
    };
    // Set at once, so that a renewal which hangs is not the last one.
    next(renewMs);
    this.#renew().then(
      // A lease that is not being renewed is looked at again when it has run out, so that nobody is missed for long.
      (lapsesInMs) => lapsesInMs < renewMs && next(lapsesInMs + LAPSED_MS),
      () => {},
    );
  }

  /** Resolves to when the next lease of another runs out. */
  async #renew(): Promise<number> {
    const { link, clock } = this.#options;
    const sentAt = clock.now();
    const leaseMs = this.#leaving ? 0 : this.#leaseMs;
    const lease = this.#leases + this.id;
    try {
      const args = [this.id, leaseMs, this.#entry, this.#leases];
      const reply = await link.script(RENEW, [this.#registry, lease], args);
      const [again, ...registered] = reply as [number, ...(string | number)[]];
      if (this.#closed) return Infinity;
      const others = parseRegistry(registered).filter(({ id }) => id !== this.id);
      if (leaseMs > 0) this.#renewed(sentAt, again === 1);
      this.#note(others);
      this.#sweep(others);
      return Math.min(...others.filter(({ leftMs }) => leftMs >= 0).map(({ leftMs }) => leftMs));
    } catch (error) {
      this.#since = undefined;
      this.#wasSettled = false;
      throw error;
    }
  }

  #renewed(sentAt: number, missing: boolean): void {
    const lastAt = this.#renewedAt;
    // A renewal whose reply was lost may have taken the lease again, with nobody hearing of it.
    const again = lastAt !== undefined && (missing || sentAt - lastAt >= this.#leaseMs);
    this.#renewedAt = sentAt;
    // By the reply: a renewal may have waited for Redis as long as the others' leases took to run out.
    if (again || this.#since === undefined) this.#since = this.#options.clock.now();
    if (again) {
      this.#options.logger.warn({ worker: this.id }, "the worker's lease had run out; it has a new one");
      this.#wasSettled = false;
      for (const listener of this.#registered) listener();
    }
    if (this.settled && !this.#wasSettled) {
      this.#wasSettled = true;
      for (const listener of this.#settled) listener();
    }
  }

  /** Until it is settled, who is not seen may only not be there yet again. */
  #note(others: readonly Registered[]): void {
    const leased = others.filter(({ leftMs }) => leftMs >= 0);
    this.#leased = new Set(leased.map(({ id }) => id));
    for (const { id, info } of leased) if (info) this.#live.set(id, info);
    if (this.settled) for (const id of this.#live.keys()) if (!this.isAlive(id)) this.#live.delete(id);
  }

  #sweep(others: readonly Registered[]): void {
    if (!this.settled) return;
    for (const { id, leftMs } of others) if (leftMs < 0 && !this.#sweeping.has(id)) void this.#sweepOne(id);
  }

  async #sweepOne(id: string): Promise<void> {
    const { link, logger } = this.#options;
    this.#sweeping.add(id);
    try {
      await Promise.all([...this.#dead].map(async (listener) => listener(id)));
      await link.script(FORGET, [this.#registry, this.#leases + id], [id]);
      logger.info({ dead: id }, "a dead worker was swept");
    } catch (error) {
      logger.debug({ err: error, dead: id }, "a dead worker could not be swept yet");
    } finally {
      this.#sweeping.delete(id);
    }
  }
}
