import { randomBytes } from "node:crypto";
import { type Clock, pause } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";
import { within } from "../deadline.ts";
import { type Address, type Client, connect, type Mode, parseAddress } from "./clients.ts";
import { nameOf, toRefusal } from "./failure.ts";
import { Heartbeat } from "./heartbeat.ts";
import { keysOf } from "./partition.ts";
import { runScript, type Script } from "./script.ts";
import { type Hearer, Subscriptions } from "./subscriptions.ts";
import { gatherTurn } from "./turn.ts";

/** How long a command is waited for. Above a blink of the network, below the two seconds in which a send is answered. */
export const COMMAND_MS = 1_500;

/** Between two attempts to subscribe again, while nothing answers, and while a part of a Cluster does not. */
const RESTORE_RETRY_MS = 100;
const PARTLY_RETRY_MS = 1_000;

export interface RedisOptions {
  /** `redis://…`, `redis+cluster://…` or `redis+sentinel://…`. */
  readonly url: string;
  /** Before every key and channel. */
  readonly prefix: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly counted: { roundTrip(): void; redisError(name: string): void };
}

/**
 * A Redis as the rest of the house uses it: it answers in time or refuses with `unavailable`, and says when something that was published
 * may not have arrived. It is there from the start, and connects behind the caller's back, for as long as it takes.
 */
export class RedisLink {
  readonly prefix: string;
  readonly mode: Mode;
  readonly address: Address;
  /** Where messages arrive. Publishing and everything else goes through `run`. */
  readonly subscriptions: Subscriptions;
  readonly #options: RedisOptions;
  readonly #commands: Client;
  readonly #publisher: Client;
  readonly #subscriber: Client;
  readonly #heartbeat: Heartbeat;
  readonly #listeners = new Set<() => void>();
  #closed = false;
  #restoring = false;
  #suspicious = false;

  constructor(options: RedisOptions) {
    const { url, prefix, logger, clock } = options;
    this.#options = options;
    this.prefix = prefix;
    this.address = parseAddress(url);
    this.mode = this.address.mode;
    this.#commands = this.#connect("commands");
    // What is published is worth nothing once it is late, and must not come twice.
    this.#publisher = this.#connect("publisher", { patient: false });
    this.#subscriber = this.#connect("subscriber");
    this.subscriptions = new Subscriptions(this.#subscriber, { clock, logger });
    this.#heartbeat = new Heartbeat({
      clock,
      logger,
      prefix,
      client: this.#commands,
      publisher: this.#publisher,
      subscriptions: this.subscriptions,
      id: randomBytes(9).toString("base64url"),
      spread: this.mode === "cluster",
      suspicious: (why) => this.#suspect(why),
      reconnect: () => {
        for (const client of this.#clients) client.disconnect(true);
      },
      reconnectSubscriber: () => this.#subscriber.disconnect(true),
    });
    for (const client of [this.#commands, this.#subscriber])
      for (const event of ["ready", "subscribersReady"]) client.on(event, () => this.#suspect("reconnected"));
  }

  /** Whether it answers, as far as is known. */
  get up(): boolean {
    return !this.#closed && this.#heartbeat.alive;
  }

  /** Resolves when it has answered for the first time. */
  get ready(): Promise<void> {
    return this.#heartbeat.first;
  }

  /** Names in the slot of `name`'s partition. */
  keys(name: string): (...parts: string[]) => string {
    return keysOf(this.prefix, name);
  }

  /** @throws CarillonError `unavailable`, at once while Redis is known to be out, and after `COMMAND_MS` at the latest. */
  run<T>(command: (client: Client) => Promise<T>): Promise<T> {
    return this.#run(this.#commands, command);
  }

  async #run<T>(client: Client, command: (client: Client) => Promise<T>): Promise<T> {
    const { counted, clock } = this.#options;
    // At once, or commands would pile up, to be carried out when nobody wants them any more.
    if (!this.up) throw new CarillonError("unavailable");
    counted.roundTrip();
    gatherTurn(client);
    try {
      return await within(clock, COMMAND_MS, () => command(client));
    } catch (error) {
      counted.redisError(nameOf(error));
      throw toRefusal(error);
    }
  }

  script(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.run((client) => runScript(client, script, keys, args));
  }

  /** At most once: what cannot be sent now, or was not answered, is not sent later. @throws CarillonError `unavailable` */
  async publish(channel: string, payload: string | Buffer): Promise<void> {
    await this.#run(this.#publisher, (client) => client.spublish(channel, payload));
  }

  /** Resolves when everything published from then on will be heard. @throws CarillonError `unavailable` */
  async subscribe(channel: string, hearer: Hearer): Promise<() => void> {
    if (!this.up) throw new CarillonError("unavailable");
    let wanted = true;
    const subscribing = this.subscriptions.subscribe(channel, hearer);
    // One that comes after its deadline is nobody's.
    subscribing.then(
      (leave) => !wanted && leave(),
      () => {},
    );
    try {
      return await within(this.#options.clock, COMMAND_MS, () => subscribing);
    } catch (error) {
      wanted = false;
      throw toRefusal(error);
    }
  }

  /** Another connection, for what blocks or has to be dropped by itself. The caller closes it. */
  connect(name: string): Client {
    return this.#connect(name);
  }

  /**
   * Tells that something may have been missed: connections were lost and are there again, the heartbeat was late, or Redis has lost
   * what it held. By then all subscriptions stand again.
   */
  onGap(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#heartbeat.close();
    this.#listeners.clear();
    for (const client of this.#clients) client.disconnect();
  }

  get #clients(): readonly Client[] {
    return [this.#subscriber, this.#publisher, this.#commands];
  }

  #connect(name: string, options?: { patient: boolean }): Client {
    const { logger } = this.#options;
    const client = connect(this.address, `carillon:${name}`, options);
    // Without a listener ioredis prints; what an outage means to a request is said where it is made.
    client.on("error", (error: Error) => logger.debug({ err: error }, "a connection to Redis failed"));
    return client;
  }

  #suspect(why: string): void {
    this.#options.logger.debug({ why }, "messages from Redis may have been missed");
    this.#suspicious = true;
    if (!this.#restoring && !this.#closed) void this.#restore();
  }

  async #restore(): Promise<void> {
    const { clock } = this.#options;
    this.#restoring = true;
    let told = false;
    let complete: boolean | undefined;
    while ((this.#suspicious || !complete) && !this.#closed) {
      if (this.#suspicious) {
        this.#suspicious = told = false;
        this.subscriptions.doubt();
      }
      complete = await this.#standAgain();
      // A part of a Cluster may be out for long: the others' gaps are told at once, and its own when it is back.
      if (complete || (complete === false && !told)) this.#tell();
      told = complete === false;
      if (complete) continue;
      const pauseMs = told ? PARTLY_RETRY_MS : RESTORE_RETRY_MS;
      await pause(clock, pauseMs);
    }
    this.#restoring = false;
  }

  /** Whether all subscriptions stand again, or only some; `undefined` where none does. */
  async #standAgain(): Promise<boolean | undefined> {
    try {
      const complete = await this.subscriptions.restore();
      await this.#heartbeat.settle();
      return complete;
    } catch {
      return undefined;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        // The others have missed as much.
        this.#options.logger.error({ err: error }, "a listener of gaps failed");
      }
    }
  }
}
