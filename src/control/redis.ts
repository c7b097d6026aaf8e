import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import type { Entry, Position } from "../log/index.ts";
import type { RedisLog } from "../log/redis.ts";
import { watch, type Watch } from "../log/watch.ts";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";
import { COMMAND_MS, type RedisLink } from "../redis/link.ts";
import { applyTo, type Body, fieldsOf, keptOf, ordersOf } from "./entry.ts";
import type { Control, Order } from "./index.ts";
import { isOutage, Outbox } from "./outbox.ts";
import { type Reload, settle, type Snapshot } from "./reload.ts";
import { Standing } from "./standing.ts";
import { Upkeep } from "./upkeep.ts";

/** The one log of orders. */
const TOPIC = "orders";

/** Who writes what no single worker has to say; no user id has a space. */
const HOUSE = "the house";

/** So many orders of this worker may be on their way into the log and back. */
const MOST_UNHEARD = 1_000;

/** With so many on their way, nobody can quit any more: it is anybody's to ask for, and must not take the place of bans. */
const MOST_BEFORE_QUIT = 500;

/** Between two attempts to read what is kept. */
const RETRY_MS = 200;

export interface RedisControlOptions {
  readonly link: RedisLink;
  /** A log of its own. Where a worker has missed more than it holds, what stands is read anew, and a mere `kick` or `quit` is lost on it. */
  readonly log: RedisLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RedisControl extends Control {
  /** Resolves when it is known what stands. Nobody may be let in before. */
  readonly loaded: Promise<void>;
  readonly isLoaded: boolean;
  close(): void;
}

/**
 * Orders as a log that every worker watches, with what stands kept beside it. An order holds on its own worker at once, and is stored as
 * soon as Redis can; every other worker hears of it then, each once. Where the log was lost, the workers write back what they know to
 * stand.
 */
export function redisControl(options: RedisControlOptions): RedisControl {
  return new LoggedControl(options);
}

/** An order of this worker that has not come back from the log. */
interface Unheard {
  readonly order: Order;
  /** Where it was written, once it is. */
  at?: Position;
}

class LoggedControl implements RedisControl {
  readonly loaded: Promise<void>;
  readonly #options: RedisControlOptions;
  readonly #self = `worker ${randomBytes(6).toString("hex")}`;
  readonly #listeners = new Set<(order: Order) => void>();
  readonly #unheard = new Map<string, Unheard>();
  readonly #outbox: Outbox;
  readonly #upkeep: Upkeep;
  readonly #stopHurrying: () => void;
  #standing: Standing;
  #watch: Watch | undefined;
  #reload: Reload | undefined = { stood: undefined, heard: [] };
  #loading = false;
  /** Of the log that `#standing` is of. */
  #epoch: string | undefined;
  #resolveLoaded: () => void = () => {};
  #callOff: () => void = () => {};
  #closed = false;

  constructor(options: RedisControlOptions) {
    this.#options = options;
    this.#standing = new Standing(options.clock);
    this.#outbox = new Outbox(options);
    this.#upkeep = new Upkeep({
      outbox: this.#outbox,
      at: (name) => this.#standing.at(name),
      write: (id, body) => this.#append(id, HOUSE, body),
    });
    this.loaded = new Promise((resolve) => (this.#resolveLoaded = resolve));
    this.#stopHurrying = options.link.onGap(() => this.#outbox.hurry());
    void this.#open();
  }

  get isLoaded(): boolean {
    return this.#epoch !== undefined;
  }

  async issue(order: Order): Promise<void> {
    this.#standing.hold(order);
    this.#tell([order]);
    if (this.#unheard.size >= (order.action === "quit" ? MOST_BEFORE_QUIT : MOST_UNHEARD)) {
      this.#options.logger.error({ action: order.action }, "too many orders wait; one holds on this worker alone");
      throw new CarillonError("unavailable");
    }
    const id = randomBytes(12).toString("base64url");
    this.#unheard.set(id, { order });
    const store = () => this.#store(id, order);
    await within(this.#options.clock, COMMAND_MS, () => this.#outbox.add(id, store), "unavailable");
  }

  ban(room: string, user: string) {
    return this.#standing.ban(room, user);
  }

  mute(room: string, user: string) {
    return this.#standing.mute(room, user);
  }

  revokedAt(user: string) {
    return this.#standing.revokedAt(user);
  }

  listen(listener: (order: Order) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { size } = this.#outbox;
    if (size > 0) this.#options.logger.error({ orders: size }, "orders were never stored, and are forgotten");
    this.#stopHurrying();
    this.#callOff();
    this.#watch?.close();
    this.#outbox.close();
    this.#listeners.clear();
  }

  #tell(orders: readonly Order[]): void {
    for (const order of orders) {
      for (const listener of this.#listeners) {
        try {
          listener(order);
        } catch (error) {
          // The others, and the feed itself, go on all the same.
          this.#options.logger.error({ err: error, action: order.action }, "a listener failed on an order");
        }
      }
    }
  }

  async #store(id: string, order: Order): Promise<void> {
    // Only now: what has been heard since it was issued may be stricter.
    const keeps = keptOf(this.#standing.after(order));
    try {
      const { epoch, seq } = await this.#append(id, this.#self, { kind: "issued", order, keeps });
      const unheard = this.#unheard.get(id);
      if (unheard) unheard.at = { epoch, seq };
    } catch (error) {
      if (!isOutage(error)) this.#unheard.delete(id);
      throw error;
    }
  }

  async #append(id: string, by: string, { kind, ...body }: Body): Promise<Entry> {
    const { entry } = await this.#options.log.append(TOPIC, { id, by, kind, body }, {}, body.keeps);
    return entry;
  }

  #hear(entry: Entry): void {
    const isOwn = entry.by === this.#self;
    if (isOwn) this.#unheard.delete(entry.id);
    const { orders, weak } = applyTo(this.#standing, entry);
    // What others have lifted, and orders that come after it in the log impose again.
    for (const { order } of this.#unheard.values()) this.#standing.hold(order);
    this.#reload?.heard.push(entry);
    if (!isOwn) this.#tell(orders);
    if (weak.length > 0) this.#upkeep.restore(weak, `${entry.epoch}-${entry.seq}`);
  }

  #reset(position: Position): void {
    const isLost = position.epoch !== this.#epoch && this.isLoaded;
    const stood = isLost ? new Standing(this.#options.clock, this.#standing.entries) : undefined;
    this.#reload = { stood, heard: [] };
    void this.#load();
  }

  async #open(): Promise<void> {
    const { log, logger } = this.#options;
    try {
      this.#watch = await watch(log, TOPIC, {
        entry: (entry) => this.#hear(entry),
        reset: (position) => this.#reset(position),
        failed: (error) => logger.debug({ err: error }, "the orders could not be read"),
      });
      if (this.#closed) this.#watch.close();
      await this.#load();
    } catch (error) {
      logger.debug({ err: error }, "the orders cannot be watched yet");
      this.#later(() => this.#open());
    }
  }

  /** Reads what is kept until it is level with what was heard. Never rejects. */
  async #load(): Promise<void> {
    const { log, logger } = this.#options;
    const [opened, reload] = [this.#watch, this.#reload];
    if (!opened || !reload || this.#loading || this.#closed) return;
    this.#loading = true;
    try {
      const { head, values } = await log.kept(TOPIC);
      const isLevel = () => opened.cursor.epoch === head.epoch && opened.cursor.seq >= head.head;
      if (!isLevel()) await opened.check();
      if (isLevel() && this.#reload === reload && !this.#closed) this.#take(reload, { head, fields: fieldsOf(values) });
    } catch (error) {
      logger.debug({ err: error }, "what stands could not be read");
    }
    this.#loading = false;
    if (this.#reload) this.#later(() => this.#load());
  }

  #later(act: () => Promise<void>): void {
    this.#callOff();
    if (!this.#closed) this.#callOff = this.#options.clock.after(RETRY_MS, () => void act());
  }

  #take(reload: Reload, snapshot: Snapshot): void {
    const { clock } = this.#options;
    const { head, fields } = snapshot;
    const { now, lost } = settle(reload, snapshot, clock);
    for (const [id, { order, at }] of this.#unheard) {
      // Those that were written by then are among what is kept, and will not be heard of any more.
      if (at && (at.epoch !== head.epoch || at.seq <= head.head)) this.#unheard.delete(id);
      else now.hold(order);
    }
    const [before, isFirst] = [this.#standing, !this.isLoaded];
    this.#standing = now;
    this.#epoch = head.epoch;
    this.#reload = undefined;
    this.#resolveLoaded();
    // Before the first time nobody was let in; later there are sockets here that have to go.
    const isStricter = (name: string) => (now.at(name) ?? -Infinity) > (before.at(name) ?? -Infinity);
    if (!isFirst) this.#tell(ordersOf([...now.entries].filter(([name]) => isStricter(name))));
    this.#upkeep.restore(lost, head.epoch);
    this.#upkeep.sweep(fields, clock.now(), `${head.epoch}-${head.head}`);
  }
}
